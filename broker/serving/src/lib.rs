//! What Hiroba's programs have in common as servers. Nothing here knows what they serve.

pub mod lifetime;
pub mod logging;
pub mod requests;
pub mod secret;
