//! What the follower tells the outside.

use std::time::SystemTime;

use ngsild::DateTime;

use super::position::Position;

/// What the follower is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// It has no copy and no broker yet.
    #[default]
    Waiting,
    /// It makes a copy from a snapshot. One that was there before still answers.
    Loading,
    /// It follows the log.
    Following,
    /// It follows nothing: the operator changes the copy by hand.
    Maintenance,
}

impl Phase {
    /// The word for it in `/health`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Loading => "loading",
            Self::Following => "following",
            Self::Maintenance => "maintenance",
        }
    }
}

/// The state of following.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// What it is doing.
    pub phase: Phase,
    /// Where the copy in use stands; `None` when there is none.
    pub position: Option<Position>,
    /// Whether there was nothing more to be had when the broker was last asked.
    pub caught_up: bool,
    /// When the last change that is in the copy was made, by the broker's clock.
    pub last_change: Option<DateTime>,
    /// When the broker last answered.
    pub last_contact: Option<SystemTime>,
    /// Why the broker brings nothing; `None` when it does.
    pub trouble: Option<String>,
    /// Entities that could not be understood since the start.
    pub refused: u64,
}

impl Status {
    /// How many seconds the copy is behind the broker: none when it is up to date, else the age of the newest change
    /// in it. `None` when nothing can be said.
    pub fn lag_seconds(&self, now: SystemTime) -> Option<f64> {
        if self.caught_up && self.trouble.is_none() {
            return Some(0.0);
        }
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64();
        let change = self.last_change.map(|at| seconds(at.micros()));
        // Up to date when the broker was last heard of: what may have happened since then is not in the copy.
        let contact = self.last_contact.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let since = if self.caught_up { contact.map(|at| at.as_secs_f64()) } else { change };
        since.map(|since| (now - since).max(0.0))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a microsecond more or less in the year 2255")]
fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lag_counts_from_the_last_moment_that_is_known() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let now = at(1_000);
        let status = Status { caught_up: true, last_contact: Some(at(990)), ..Status::default() };
        assert_eq!(status.lag_seconds(now), Some(0.0));
        let silent = Status { trouble: Some("refused".to_owned()), ..status };
        assert_eq!(silent.lag_seconds(now), Some(10.0));
        let behind = Status { caught_up: false, last_change: Some(DateTime::from_micros(900_000_000)), ..status };
        assert_eq!(behind.lag_seconds(now), Some(100.0));
        assert_eq!(Status::default().lag_seconds(now), None);
    }
}
