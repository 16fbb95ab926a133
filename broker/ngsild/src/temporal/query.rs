//! Temporal queries (4.11, 5.2.21): which instants are asked for.

use crate::error::{Error, Result};
use crate::time::DateTime;

use super::instance::Instance;

/// The instant of an instance that a temporal query is about (4.8, `timeproperty`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeProperty {
    /// When the client says that it was so.
    #[default]
    ObservedAt,
    /// When it was first recorded.
    CreatedAt,
    /// When it was last recorded.
    ModifiedAt,
    /// When it was deleted.
    DeletedAt,
}

impl TimeProperty {
    /// The property of that name.
    ///
    /// # Errors
    /// BadRequestData for any other name.
    pub fn parse(name: &str) -> Result<Self> {
        Ok(match name {
            "observedAt" => Self::ObservedAt,
            "createdAt" => Self::CreatedAt,
            "modifiedAt" => Self::ModifiedAt,
            "deletedAt" => Self::DeletedAt,
            _ => {
                let detail = "'timeproperty' is observedAt, createdAt, modifiedAt or deletedAt";
                return Err(Error::bad_request(detail).at("timeproperty"));
            }
        })
    }
}

/// A span of time: from its start on, up to and without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Everything earlier.
    Before(DateTime),
    /// This instant and everything later.
    After(DateTime),
    /// The first instant and everything later that is earlier than the second.
    Between(DateTime, DateTime),
}

impl Interval {
    /// Reads `timerel`, `timeAt`, `endTimeAt`; `None` when none of them is given.
    ///
    /// # Errors
    /// BadRequestData when one is missing that the others need, or is malformed.
    pub fn parse(timerel: Option<&str>, time_at: Option<&str>, end_time_at: Option<&str>) -> Result<Option<Self>> {
        let instant = |name: &str, text: &str| DateTime::parse(text).map_err(|e| e.at(name));
        let (rel, at) = match (timerel, time_at) {
            (None, None) => {
                return match end_time_at {
                    None => Ok(None),
                    Some(_) => Err(Error::bad_request("'endTimeAt' needs timerel=between and timeAt").at("endTimeAt")),
                };
            }
            (Some(rel), Some(at)) => (rel, instant("timeAt", at)?),
            (Some(_), None) => return Err(Error::bad_request("'timerel' needs 'timeAt'").at("timeAt")),
            (None, Some(_)) => return Err(Error::bad_request("'timeAt' needs 'timerel'").at("timerel")),
        };
        match (rel, end_time_at) {
            ("before", None) => Ok(Some(Self::Before(at))),
            ("after", None) => Ok(Some(Self::After(at))),
            ("between", Some(end)) => {
                let end = instant("endTimeAt", end)?;
                if end < at {
                    return Err(Error::bad_request("'endTimeAt' is before 'timeAt'").at("endTimeAt"));
                }
                Ok(Some(Self::Between(at, end)))
            }
            ("between", None) => Err(Error::bad_request("timerel=between needs 'endTimeAt'").at("endTimeAt")),
            ("before" | "after", Some(_)) => {
                Err(Error::bad_request("'endTimeAt' belongs to timerel=between").at("endTimeAt"))
            }
            _ => Err(Error::bad_request("'timerel' is before, after or between").at("timerel")),
        }
    }

    /// Where it starts, if it has a start.
    pub fn start(&self) -> Option<DateTime> {
        match self {
            Self::Before(_) => None,
            Self::After(start) | Self::Between(start, _) => Some(*start),
        }
    }

    /// Where it ends, if it has an end.
    pub fn end(&self) -> Option<DateTime> {
        match self {
            Self::After(_) => None,
            Self::Before(end) | Self::Between(_, end) => Some(*end),
        }
    }

    /// Whether an instant lies in it.
    pub fn contains(&self, at: DateTime) -> bool {
        self.start().is_none_or(|start| at >= start) && self.end().is_none_or(|end| at < end)
    }
}

/// Which points of a series are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TemporalQuery {
    /// The span; `None` for all time.
    pub interval: Option<Interval>,
    /// Which instant of a point must lie in it.
    pub property: TimeProperty,
    /// At most so many points of each attribute, the latest ones (`lastN`).
    pub last: Option<usize>,
}

/// By which time records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clock {
    /// The time of what they tell: see [`Instance::time`].
    Observed,
    /// Their own: the order in which they were made.
    Recorded,
}

/// Which records can hold points that are asked for: in microseconds, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// What the bounds are about.
    pub clock: Clock,
    /// The earliest.
    pub from: i64,
    /// The first that is too late.
    pub before: i64,
}

impl TemporalQuery {
    /// The time of a point, if it is asked for.
    pub fn time_of(&self, instance: &Instance) -> Option<DateTime> {
        match self.interval {
            Some(interval) => instance.at(self.property).filter(|at| interval.contains(*at)),
            None if self.property == TimeProperty::ObservedAt => Some(instance.time()),
            None => instance.at(self.property).or_else(|| instance.at(TimeProperty::ModifiedAt)),
        }
    }

    /// The records to read.
    pub fn span(&self) -> Span {
        let start = self.interval.and_then(|interval| interval.start()).map_or(i64::MIN, DateTime::micros);
        let end = self.interval.and_then(|interval| interval.end()).map_or(i64::MAX, DateTime::micros);
        let clock = if self.property == TimeProperty::ObservedAt { Clock::Observed } else { Clock::Recorded };
        // What was created early may be told by a late record: each change of an instance keeps its `createdAt`.
        let before = if self.property == TimeProperty::CreatedAt { i64::MAX } else { end };
        Span { clock, from: start, before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_closed_at_their_start_and_open_at_their_end() {
        let at = |second: u8| DateTime::parse(&format!("2026-04-01T00:00:{second:02}Z")).unwrap();
        for (interval, inside) in [
            (Interval::Before(at(2)), [true, false, false, false]),
            (Interval::After(at(2)), [false, true, true, true]),
            (Interval::Between(at(2), at(3)), [false, true, false, false]),
        ] {
            let found = [1, 2, 3, 4].map(|second| interval.contains(at(second)));
            assert_eq!(found, inside, "{interval:?}");
        }
    }

    #[test]
    fn members_come_together_and_errors_name_the_one_that_is_wrong() {
        let early = "2026-04-01T00:00:00Z";
        for (rel, at, end, wrong) in [
            (Some("after"), None, None, "timeAt"),
            (None, Some(early), None, "timerel"),
            (None, None, Some(early), "endTimeAt"),
            (Some("between"), Some(early), None, "endTimeAt"),
            (Some("before"), Some(early), Some(early), "endTimeAt"),
            (Some("between"), Some(early), Some("2025-01-01T00:00:00Z"), "endTimeAt"),
            (Some("around"), Some(early), None, "timerel"),
            (Some("after"), Some("2026-04-01"), None, "timeAt"),
        ] {
            let error = Interval::parse(rel, at, end).unwrap_err();
            assert_eq!(error.at.as_deref(), Some(wrong), "{rel:?} {at:?} {end:?}: {error}");
        }
        assert_eq!(Interval::parse(None, None, None).unwrap(), None);
    }
}
