//! The temporal API (5.6.11 to 5.6.16, 5.7.3, 5.7.4), over the change log.
//!
//! | file | holds |
//! |---|---|
//! | `provision` | recording, amending and forgetting |
//! | `subjects` | which entities a query may be about, those that are gone included |
//! | `gather` | their series, read from the log as far as an answer needs them |
//! | `consume` | retrieving and querying |
//! | `maps` | entity maps of queries |

mod consume;
mod gather;
mod maps;
mod provision;
mod subjects;

pub use consume::{Evolutions, Found, Matching, TemporalRequest, TemporalSelection, query_temporal, retrieve_temporal};
pub use maps::{create_temporal_entity_map, query_temporal_by_map};
pub use provision::{add_attributes, delete_attribute, delete_entity, delete_instance, modify_instance, upsert_entity};
