//! The temporal evolution of entities (4.5.6 to 4.5.9, 4.5.19, 4.11): what the records of the change log say of the past.
//!
//! | file | holds |
//! |---|---|
//! | `instance` | [`Instance`]: one point of a series, as a record tells it |
//! | `query` | [`TemporalQuery`]: which instants are asked for |
//! | `evolution` | [`Evolution`]: the series of an entity, cut and selected |
//! | `aggregate` | [`Aggregation`]: series in numbers, by period |

mod aggregate;
mod evolution;
mod instance;
mod query;

pub use aggregate::{Aggregate, AggregatedAttribute, AggregatedEntity, Aggregation, Method};
pub use evolution::{Cut, Evolution, Limits, Point, ScopeSpans, cut};
pub use instance::{Instance, InstanceId, Recorded, instances_of, times_of};
pub use query::{Clock, Interval, Span, TemporalQuery, TimeProperty};
