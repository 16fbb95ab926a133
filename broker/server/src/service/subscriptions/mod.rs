//! Subscriptions (5.8): what clients ask to be told of.

pub mod crud;
