#![doc = include_str!("../README.md")]

mod cache;
mod contexts;
mod datasets;
mod dictionary;
mod engine;
mod error;
mod expiry;
mod feed;
mod history;
mod index;
mod linked;
mod maintenance;
mod maps;
mod model;
mod owner;
mod plan;
mod postgis;
mod query;
mod queue;
mod registrations;
mod rows;
mod snapshots;
mod sources;
mod sql;
mod sqlite;
mod store;
mod subscriptions;
mod write;

pub use contexts::{ContextEntry, ContextKind, ContextUse, NewContext};
pub use datasets::{
    Claim, Claimed, DatasetEntry, DatasetVersion, Difference, NewVersion, Reversal, VersionChange, VersionKind,
    VersionState,
};
pub use error::{Result, StoreError};
pub use feed::ToMatch;
pub use history::{Amendment, FormerEntity, HistoryPlace, HistoryRange, HistoryRecord, Marked, Recording};
pub use index::Shape;
pub use maps::EntityMap;
pub use model::{
    Answer, ChangeRecord, Outcome, Page, Position, PositionError, ShapeCount, Stored, ValueIndex, Version, Work, Write,
};
pub use owner::Owner;
pub use query::on_heavy_thread;
pub use registrations::{NewRegistration, RegistrationEntry, Registry, RegistryChange, RegistryChanged};
pub use snapshots::{NewSnapshot, SnapshotAdded, SnapshotChange, SnapshotData, SnapshotEntry, SnapshotUse};
pub use sources::{Delivered, Delivery, SourceEntry, SourceKey};
pub use store::{Options, Store, TenantId};
pub use subscriptions::{
    Backlog, DeadLetter, DeliveryClaim, Matching, NewNotification, NewSubscription, Notification, Replay,
    SubscriptionAdded, SubscriptionChanges, SubscriptionEntry, SubscriptionsSeen,
};
