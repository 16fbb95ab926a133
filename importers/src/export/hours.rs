//! Opening hours as cells.

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::days::{Day, days};
use hiroba_vocab::normalise::hours::hours;
use hiroba_vocab::{Issue, Issues};
use ngsild::Attribute;
use serde_json::Value as Json;

use super::layouter::Key;
use super::record::Unbuilt;
use super::value::{source, texts};
use crate::build::names;

/// One entry of an openingHoursSpecification.
#[derive(PartialEq)]
struct Entry {
    days: Vec<String>,
    opens: String,
    closes: String,
}

impl Entry {
    fn read(entry: &Json) -> Option<Self> {
        let entry = entry.as_object()?;
        let known = |key: &String| matches!(key.as_str(), "dayOfWeek" | "opens" | "closes");
        let text = |key: &str| entry.get(key).map_or(Some(String::new()), |value| value.as_str().map(str::to_owned));
        let days = entry.get("dayOfWeek").map_or(Some(Vec::new()), texts)?;
        entry.keys().all(known).then_some(())?;
        Some(Self { days, opens: text("opens")?, closes: text("closes")? })
    }
}

impl Unbuilt<'_> {
    /// The days and times of opening, and the days of closing.
    pub(super) fn hours(&mut self) {
        let entity = self.entity;
        if let Some(attribute) = entity.default_instance(names().opening_hours.as_str())
            && self.opening(attribute).is_none()
        {
            self.leave_out(&names().opening_hours);
        }
        if let Some(attribute) = entity.default_instance(names().closed_days.as_str()) {
            let closed = self.property(names().closed_days.as_str()).and_then(texts).and_then(|days| day_text(&days));
            let conditional = source(attribute).filter(|text| Some(days_of(text)) == closed.as_deref().map(days_of));
            let text = conditional.map(str::to_owned).or(closed);
            if !text.is_some_and(|text| self.put_at(self.to.reads(Reads::ClosedDays), &text)) {
                self.leave_out(&names().closed_days);
            }
        }
    }

    fn opening(&mut self, attribute: &Attribute) -> Option<()> {
        let entries = self.property(names().opening_hours.as_str())?.as_array()?;
        let entries: Vec<Entry> = entries.iter().map(Entry::read).collect::<Option<_>>()?;
        let first = entries.first()?;
        if entries.iter().any(|entry| entry.days != first.days) {
            return None;
        }
        let day_cell = if first.days.is_empty() { String::new() } else { day_text(&first.days)? };
        let range = |entry: &Entry| format!("{}～{}", entry.opens, entry.closes);
        let ranges = entries.iter().map(range).collect::<Vec<_>>().join("、");
        let (day_cell, words) = self.conditions(attribute, day_cell, &ranges);
        if !day_cell.is_empty() {
            self.put_at(Some(self.to.reads(Reads::Days)?), &day_cell);
        }
        // The pair of cells may hold what could not be read: then the hours came from elsewhere.
        let pair_is_taken = self.is_kept(Reads::Opens) || self.is_kept(Reads::Closes);
        let whole = !first.opens.is_empty() && !first.closes.is_empty();
        let in_one_cell = words.or_else(|| (entries.len() > 1 || pair_is_taken && whole).then(|| ranges.clone()));
        if let Some(text) = in_one_cell {
            // Where there is no such column, the first of the pair may hold a range.
            let column = self.to.reads(Reads::Hours).filter(|_| !self.is_kept(Reads::Hours));
            return self.put_at(column.or(self.to.reads(Reads::Opens)), &text).then_some(());
        }
        for (reads, text) in [(Reads::Opens, &first.opens), (Reads::Closes, &first.closes)] {
            if !text.is_empty() {
                self.put(Key::Known(self.to.reads(reads)?), text.clone());
            }
        }
        Some(())
    }

    /// Whether the entity has the text of a cell that could not be read, under the name of such a column.
    fn is_kept(&self, reads: Reads) -> bool {
        let header = self.to.reads(reads).and_then(|at| self.to.header_of(at));
        header.is_some_and(|header| self.entity.attributes.contains_key(&hiroba_vocab::column_iri(header)))
    }

    /// The words of the source for days and for times, where they hold a condition that the standard's form does not.
    fn conditions(&self, attribute: &Attribute, day_cell: String, ranges: &str) -> (String, Option<String>) {
        let Some(source) = source(attribute) else { return (day_cell, None) };
        let (mut found_days, mut found_hours) = (day_cell.clone(), None);
        let wanted = hours(ranges).ok();
        for part in source.split(" / ") {
            match (days(part), hours(part)) {
                (Reading::Value(_, issues), _) if conditional(issues) && days_of(part) == days_of(&day_cell) => {
                    part.clone_into(&mut found_days);
                }
                (_, Reading::Value(spans, issues)) if conditional(issues) && wanted.as_ref() == Some(&spans) => {
                    found_hours = Some(part.to_owned());
                }
                _ => {}
            }
        }
        (found_days, found_hours)
    }
}

fn conditional(issues: Issues) -> bool {
    issues.contains(Issue::DaysConditional) || issues.contains(Issue::HoursConditional)
}

fn days_of(text: &str) -> Vec<Day> {
    days(text).ok().unwrap_or_default()
}

/// 月火水木金土日祝, as the standard writes days; `None` where one is no day.
fn day_text(names: &[String]) -> Option<String> {
    let sign = |name: &String| {
        let mut all = Day::WEEK.into_iter().chain([Day::PublicHolidays]).zip("月火水木金土日祝".chars());
        all.find(|(day, _)| day.name() == name).map(|(_, sign)| sign)
    };
    names.iter().map(sign).collect()
}
