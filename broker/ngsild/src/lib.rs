#![doc = include_str!("../README.md")]

mod body;
pub mod change;
pub mod duration;
pub mod entity;
pub mod error;
pub mod geometry;
pub mod jsonld;
pub mod language;
pub mod linked;
mod member;
pub mod query;
pub mod rdf;
pub mod read;
pub mod receiver;
pub mod registration;
pub mod render;
pub mod snapshot;
pub mod subscription;
pub mod temporal;
pub mod time;
pub mod write;

pub use duration::Duration;
pub use entity::{Attribute, AttributeValue, Attributes, Entity, Kind, OneOrMany};
pub use error::{Error, ErrorKind, Result};
pub use linked::LinkedEntities;
pub use time::DateTime;
