//! TimeInterval (5.2.11): the time that the data of a source are about.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::member::{object, text};
use crate::receiver::cut;
use crate::temporal::Interval;
use crate::time::DateTime;

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeInterval {
    /// `startAt`
    pub start_at: DateTime,
    /// `endAt`; `None` when it goes on.
    pub end_at: Option<DateTime>,
}

impl TimeInterval {
    /// Reads a TimeInterval.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong.
    pub(super) fn read(value: &Value) -> Result<Self> {
        let members = object(value, "a TimeInterval is an object with 'startAt', and perhaps 'endAt'")?;
        let (mut start_at, mut end_at) = (None, None);
        for (name, value) in members {
            let instant = || text(value).and_then(DateTime::parse).map_err(|e| e.inside(&cut(name)));
            match name.as_str() {
                "startAt" => start_at = Some(instant()?),
                "endAt" => end_at = Some(instant()?),
                name => {
                    let name = cut(name);
                    return Err(Error::bad_request(format!("'{name}' is no member of TimeInterval")).at(name));
                }
            }
        }
        let start_at = start_at.ok_or_else(|| Error::bad_request("a TimeInterval needs 'startAt'").at("startAt"))?;
        if end_at.is_some_and(|end| end < start_at) {
            return Err(Error::bad_request("'endAt' is before 'startAt'").at("endAt"));
        }
        Ok(Self { start_at, end_at })
    }

    /// Whether a temporal query is for it (5.12): the instant of `before` and `after` lies in it, the span of `between`
    /// overlaps it.
    pub(super) fn concerns(&self, asked: Interval) -> bool {
        let holds = |at: DateTime| at >= self.start_at && self.end_at.is_none_or(|end| at <= end);
        match asked {
            Interval::Before(at) | Interval::After(at) => holds(at),
            Interval::Between(from, to) => self.end_at.is_none_or(|end| end >= from) && self.start_at < to,
        }
    }
}
