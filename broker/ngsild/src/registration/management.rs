//! RegistrationManagementInfo (5.2.34): how a source is to be asked.

use std::time::Duration;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::member::{flag, milliseconds, object, text};
use crate::receiver::cut;

/// How a source is to be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Management {
    /// `localOnly`: only for the data that it has itself.
    pub local_only: bool,
    /// `cacheDuration`: for how long an answer may be used again.
    pub cache_duration: Option<crate::Duration>,
    /// `timeout`: how long to wait for an answer.
    pub timeout: Option<Duration>,
    /// `cooldown`: how long not to ask again after a failure.
    pub cooldown: Option<Duration>,
}

impl Management {
    /// Reads the member `management`.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong.
    pub(super) fn read(value: &Value) -> Result<Self> {
        let mut management = Self::default();
        for (name, value) in object(value, "it is an object")? {
            management.member(name, value).map_err(|e| e.inside(&cut(name)))?;
        }
        Ok(management)
    }

    fn member(&mut self, name: &str, value: &Value) -> Result<()> {
        match name {
            "localOnly" => self.local_only = flag(value)?,
            "cacheDuration" => self.cache_duration = Some(crate::Duration::parse(text(value)?)?),
            "timeout" => self.timeout = Some(milliseconds(value)?),
            "cooldown" => self.cooldown = Some(milliseconds(value)?),
            name => {
                let detail = format!("'{}' is no member of RegistrationManagementInfo", cut(name));
                return Err(Error::bad_request(detail));
            }
        }
        Ok(())
    }
}
