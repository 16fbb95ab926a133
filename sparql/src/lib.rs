#![doc = include_str!("../README.md")]

pub mod cli;
pub mod config;
pub mod copy;
pub mod dump;
pub mod follow;
pub mod geometry;
pub mod http;
pub mod index;
pub mod metrics;
pub mod quads;
pub mod query;
pub mod state;
