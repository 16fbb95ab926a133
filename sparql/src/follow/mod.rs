//! Following the broker's change log.
//!
//! * [`Feed`] asks the broker for a snapshot and for pages of changes.
//! * [`Follower`] keeps the copy up to date, and makes a new one beside it when the broker's log is another one.
//! * [`Status`] is what it tells the outside, through a channel that anybody may wait on.

mod feed;
mod follower;
mod line;
mod position;
mod rebuild;
mod status;

pub use feed::{Feed, FeedError, Page, Snapshot};
pub use follower::Follower;
pub use line::{Change, SnapshotLine};
pub use position::{Mark, Position, PositionError};
pub use status::{Phase, Status};
