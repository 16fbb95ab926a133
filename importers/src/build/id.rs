//! The ids of entities: the publisher's code and number, or a hash of what the thing is called and where it is.

use std::io;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::code::{LocalGovernmentCode, local_government};
use hiroba_vocab::normalise::date::Moment;
use hiroba_vocab::normalise::key::identity;
use hiroba_vocab::{Dataset, EntityId, Issue, Issues};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::plan::{Plan, hash};
use crate::report::Recorder;
use crate::spill::SpillMap;
use crate::table::Row;

/// What stays as it is in a part of an id.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What there is to know of a row besides its cells.
pub(super) struct Place<'r> {
    pub(super) publisher: LocalGovernmentCode,
    /// The full address as published.
    pub(super) address: &'r str,
    /// The day that the row describes.
    pub(super) day: Option<Moment>,
}

/// Gives ids, each once.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// How often an id was given before its counter was added, by hash.
    given: SpillMap,
    /// The code cell of the last row and what it means: codes repeat from row to row.
    last_code: Option<(String, Option<LocalGovernmentCode>, Issues)>,
}

impl Ids {
    /// The publisher of a row: its own code column, else the file's publisher. 000000 where neither is known.
    pub(super) fn publisher(&mut self, plan: &Plan, row: &Row, recorder: &mut Recorder) -> LocalGovernmentCode {
        let Some(column) = plan.slots.publisher_code else { return plan.publisher.code };
        let cell = trim(row.cell(column));
        if self.last_code.as_ref().is_none_or(|(last, ..)| last != cell) {
            let reading = local_government(cell, plan.publisher.known());
            let issues = reading.issues();
            let code = match reading {
                Reading::Value(code, _) => Some(code),
                Reading::Empty(_) | Reading::Unread(_) => None,
            };
            self.last_code = Some((cell.to_owned(), code, issues));
        }
        let Some((_, code, issues)) = &self.last_code else { return plan.publisher.code };
        if !issues.is_empty() {
            recorder.note(row.number, Some(column), *issues, cell);
        }
        match code {
            // A prefecture's code beside a city's name means the city.
            Some(code) if !(code.is_prefecture() && plan.publisher.code.prefecture() == code.prefecture()) => *code,
            _ => plan.publisher.code,
        }
    }

    /// A stand-in until the row's address is known.
    pub(super) fn draft(&self, plan: &Plan, publisher: LocalGovernmentCode) -> EntityId {
        EntityId::from_stored(format!("urn:ngsi-ld:{}:{}:", plan.type_name(), in_ids(plan, publisher)))
    }

    /// `urn:ngsi-ld:<Type>:<code>:<number>`, of a table of its own `urn:ngsi-ld:<Type>:<code>:<table>:<number>`; without a
    /// number that tells the row apart, a hash in the number's place: of the data set's own columns for that, or of name,
    /// address, building and installation position. The day that the row describes follows, so that several surveys stand
    /// side by side.
    ///
    /// # Errors
    /// A temporary file cannot be used.
    pub(super) fn of(
        &mut self,
        plan: &Plan,
        row: &Row,
        place: &Place<'_>,
        recorder: &mut Recorder,
    ) -> io::Result<EntityId> {
        let Place { publisher, address, day: described } = place;
        let number = plan.number_of(row);
        let repeated = match number {
            Some((_, hash)) => plan.is_repeated(hash)?,
            None => false,
        };
        let last = match number {
            Some((number, _)) if !repeated => utf8_percent_encode(number, ENCODED).to_string(),
            other => {
                let issue = if other.is_some() { Issue::NumberRepeated } else { Issue::NumberMissing };
                let number = other.map_or("", |(number, _)| number);
                if plan.is_numbered() {
                    recorder.note(row.number, plan.slots.number, Issues::one(issue), number);
                }
                day(plan, row).unwrap_or_else(|| hashed(plan, row, address))
            }
        };
        let kind = plan.type_name();
        // The lists themselves are data sets too, with their slug in this place.
        let lists = (plan.binding.dataset.entity_type == "Dataset").then_some(&plan.binding.dataset.slug);
        let part = plan.id_part.as_ref().or(lists).map_or_else(String::new, |part| format!("{part}:"));
        let described = described.map_or_else(String::new, |day| format!(":{day}"));
        let id = format!("urn:ngsi-ld:{kind}:{}:{part}{last}{described}", in_ids(plan, *publisher));
        let key = hash(&id);
        let Some(times) = self.given.get_or_insert(key, 1)? else { return Ok(EntityId::from_stored(id)) };
        let times = times + 1;
        self.given.replace(key, times)?;
        recorder.note(row.number, None, Issues::one(Issue::IdRepeated), &last);
        Ok(EntityId::from_stored(format!("{id}-{times}")))
    }
}

/// The day, where nothing but a day tells rows apart.
fn day(plan: &Plan, row: &Row) -> Option<String> {
    let [column] = plan.identity[..] else { return None };
    match (plan.reads(column)?, plan.date(column, row.cell(column))) {
        (Reads::Date, Reading::Value(day @ Moment::Day(_), _)) => Some(day.to_string()),
        _ => None,
    }
}

/// What stands for the publisher of a row.
fn in_ids(plan: &Plan, publisher: LocalGovernmentCode) -> String {
    if publisher == plan.publisher.code { plan.publisher.in_ids() } else { publisher.to_string() }
}

/// Twelve characters of a hash over the keys of what identifies a thing. The keys fold widths and spellings, so that the
/// id survives a tidied-up edition of the list.
fn hashed(plan: &Plan, row: &Row, address: &str) -> String {
    let mut hasher = Sha256::new();
    let mut add = |text: &str| {
        hasher.update(identity(text).as_bytes());
        hasher.update([0]);
    };
    if !plan.identity.is_empty() {
        for column in &plan.identity {
            let cell = row.cell(*column);
            match plan.reads(*column) {
                // 7/1 is another day in next year's file.
                Some(Reads::Date) => match plan.date(*column, cell) {
                    Reading::Value(moment, _) => add(&moment.to_string()),
                    _ => add(cell),
                },
                _ => add(cell),
            }
        }
        return short(hasher);
    }
    let name =
        plan.slots.languages.iter().filter(|language| language.is_name).flat_map(|language| &language.parts).next();
    add(name.map_or("", |(_, column, _)| row.cell(*column)));
    add(address);
    add(plan.slots.address.building.map_or("", |column| row.cell(column)));
    let position =
        plan.slots.simple.iter().find(|simple| {
            simple.is.reads == Reads::Text && simple.is.feeds.as_deref() == Some("installationPosition")
        });
    add(position.map_or("", |position| row.cell(position.column)));
    short(hasher)
}

/// Letters and digits that cannot be mistaken for one another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Whether the last part of an id was made here, for want of a number that tells the row apart: `x` and twelve characters,
/// and a counter where that was repeated. An export writes it as the row's ID, so that the id stays.
pub(crate) fn is_made(number: &str) -> bool {
    let Some(rest) = number.strip_prefix('x') else { return false };
    let (hash, counter) = rest.split_once('-').unwrap_or((rest, "2"));
    let digits = !counter.is_empty() && counter.bytes().all(|b| b.is_ascii_digit());
    hash.len() == 12 && hash.bytes().all(|b| ALPHABET.contains(&b)) && digits
}

/// Code and number of an id that an import gave: `urn:ngsi-ld:<Type>:<code>:<number>`. Between the two may be the slug of
/// the list, behind them the day that the row describes.
pub(crate) fn id_parts<'i>(id: &'i str, dataset: &Dataset) -> Option<(&'i str, &'i str)> {
    let rest = id.strip_prefix("urn:ngsi-ld:")?.strip_prefix(type_name(dataset))?.strip_prefix(':')?;
    let (code, rest) = rest.split_once(':').filter(|(code, _)| code.len() == 6 && is_digits(code))?;
    let slug = utf8_percent_encode(&dataset.slug, ENCODED).to_string();
    let rest = rest.strip_prefix(slug.as_str()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(rest);
    let has_day = dataset.columns.iter().any(|column| column.reads == Reads::SurveyDate);
    let number = rest.rsplit_once(':').filter(|_| has_day).map_or(rest, |(number, _)| number);
    Some((code, number))
}

/// The type of the entities in their ids: a term, or the last part of an IRI.
pub(crate) fn type_name(dataset: &Dataset) -> &str {
    let name = dataset.entity_type.as_str();
    name.rsplit(['/', '#', ':']).next().filter(|last| !last.is_empty()).unwrap_or(name)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

fn short(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    let text: String = digest.iter().take(12).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    format!("x{text}")
}
