#![doc = include_str!("../README.md")]

pub mod error;
pub mod jsonld;

pub use error::{Error, ErrorKind, Result};
