//! The ids of entities: the publisher's code and number, or a hash of what the thing is called and where it is.

use std::collections::HashMap;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{published, trim};
use hiroba_vocab::normalise::code::{LocalGovernmentCode, local_government};
use hiroba_vocab::normalise::key::identity;
use hiroba_vocab::{EntityId, Issue, Issues};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::plan::{Plan, hash};
use crate::report::Recorder;
use crate::table::Row;

/// What stays as it is in the last part of an id.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Gives ids, each once.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// How often an id was given before its counter was added, by hash.
    given: HashMap<u64, u32>,
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
        EntityId::from_stored(format!("urn:ngsi-ld:{}:{publisher}:", plan.binding.dataset.entity_type))
    }

    /// `urn:ngsi-ld:<Type>:<code>:<number>`; without a number that tells the row apart, a hash in the number's place: of the
    /// data set's own columns for that, or of name, address, building and installation position.
    pub(super) fn of(
        &mut self,
        plan: &Plan,
        row: &Row,
        publisher: LocalGovernmentCode,
        address: &str,
        recorder: &mut Recorder,
    ) -> EntityId {
        let number = plan.slots.number.and_then(|column| published(row.cell(column)).ok());
        let code_cell = plan.slots.publisher_code.map_or("", |column| trim(row.cell(column)));
        let last = match number {
            Some(number) if !plan.habits.repeated_numbers.contains(&hash(&(code_cell, number))) => {
                utf8_percent_encode(number, ENCODED).to_string()
            }
            other => {
                let issue = if other.is_some() { Issue::NumberRepeated } else { Issue::NumberMissing };
                recorder.note(row.number, plan.slots.number, Issues::one(issue), other.unwrap_or_default());
                hashed(plan, row, address)
            }
        };
        let id = format!("urn:ngsi-ld:{}:{publisher}:{last}", plan.binding.dataset.entity_type);
        let times = self.given.entry(hash(&id)).and_modify(|times| *times += 1).or_insert(1);
        if *times == 1 {
            return EntityId::from_stored(id);
        }
        recorder.note(row.number, None, Issues::one(Issue::IdRepeated), &last);
        EntityId::from_stored(format!("{id}-{times}"))
    }
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
        plan.identity.iter().for_each(|column| add(row.cell(*column)));
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

/// Code and number of an id that an import gave: `urn:ngsi-ld:<Type>:<code>:<number>`.
pub(crate) fn id_parts<'i>(id: &'i str, entity_type: &str) -> Option<(&'i str, &'i str)> {
    let rest = id.strip_prefix("urn:ngsi-ld:")?.strip_prefix(entity_type)?.strip_prefix(':')?;
    rest.split_once(':').filter(|(code, _)| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()))
}

fn short(hasher: Sha256) -> String {
    let digest = hasher.finalize();
    let text: String = digest.iter().take(12).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect();
    format!("x{text}")
}
