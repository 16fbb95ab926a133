//! Language tags, and the choice of one language out of a map (4.15).

use std::fmt;
use std::str::FromStr;

use crate::entity::{LanguageMap, OneOrMany};
use crate::error::{Error, Result};

/// The key of text in no particular language.
pub const NONE: &str = "@none";

/// Whether `tag` is well-formed by RFC 5646: subtags of 1 to 8 letters and digits, the first of letters.
pub fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let first = subtags.next().unwrap_or_default();
    let letters = (1..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    let private = first.len() != 1 || first.eq_ignore_ascii_case("x") || first.eq_ignore_ascii_case("i");
    letters
        && private
        && subtags.all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// The languages that a client prefers: an RFC 5646 tag, or an RFC 3282 list with weights.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LanguagePreference {
    /// Ranges with their weights in thousandths, in the order given.
    ranges: Vec<(String, u16)>,
}

impl LanguagePreference {
    /// The entry of `map` that serves best: the heaviest range that matches, then `@none`, then the first entry.
    pub fn choose<'m>(&self, map: &'m LanguageMap) -> Option<(&'m str, &'m OneOrMany<Box<str>>)> {
        let mut ranges: Vec<&(String, u16)> = self.ranges.iter().filter(|(_, weight)| *weight > 0).collect();
        ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        ranges
            .into_iter()
            .find_map(|(range, _)| lookup(range, map))
            .or_else(|| map.get_key_value(NONE).map(entry))
            .or_else(|| map.first().map(entry))
    }
}

/// Exactly the range; else a longer tag that starts with it; else what remains when its last subtags are cut (RFC 4647).
fn lookup<'m>(range: &str, map: &'m LanguageMap) -> Option<(&'m str, &'m OneOrMany<Box<str>>)> {
    if range == "*" {
        return map.iter().find(|(tag, _)| &***tag != NONE).or_else(|| map.first()).map(entry);
    }
    let mut wanted = range;
    loop {
        let exact = map.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(wanted));
        let longer = || {
            map.iter().find(|(tag, _)| {
                tag.get(..wanted.len()).is_some_and(|head| head.eq_ignore_ascii_case(wanted))
                    && tag.as_bytes().get(wanted.len()) == Some(&b'-')
            })
        };
        if let Some(found) = exact.or_else(longer) {
            return Some(entry(found));
        }
        wanted = wanted.rsplit_once('-')?.0;
    }
}

#[expect(clippy::borrowed_box, reason = "what the map's own iterator yields")]
fn entry<'m>((tag, text): (&'m Box<str>, &'m OneOrMany<Box<str>>)) -> (&'m str, &'m OneOrMany<Box<str>>) {
    (tag, text)
}

impl FromStr for LanguagePreference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut ranges = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (range, weight) = match part.split_once(';') {
                None => (part, 1000),
                Some((range, parameter)) => (range.trim(), read_weight(parameter.trim(), text)?),
            };
            if range != "*" && !is_language_tag(range) {
                return Err(Error::bad_request(format!("'{range}' is not a language tag")).at("lang"));
            }
            ranges.push((range.to_owned(), weight));
        }
        Ok(Self { ranges })
    }
}

fn read_weight(parameter: &str, text: &str) -> Result<u16> {
    let weight = parameter.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).filter(|q| (0.0..=1.0).contains(q));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1000 by the filter above")]
    weight
        .map(|q| (q * 1000.0).round() as u16)
        .ok_or_else(|| Error::bad_request(format!("'{text}': a weight is 'q=' and a number from 0 to 1")).at("lang"))
}

impl fmt::Display for LanguagePreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (range, weight)) in self.ranges.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            match weight {
                1000 => write!(f, "{comma}{range}")?,
                weight => write!(f, "{comma}{range};q={}", f32::from(*weight) / 1000.0)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(tags: &[&str]) -> LanguageMap {
        tags.iter().map(|tag| ((*tag).into(), OneOrMany::One((*tag).into()))).collect()
    }

    #[test]
    fn the_heaviest_matching_range_wins() {
        for (preference, tags, chosen) in [
            ("ja", &["en", "ja"][..], "ja"),
            ("fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5", &["en", "fr"], "fr"),
            ("en;q=0.2,ja;q=0.9", &["en", "ja"], "ja"),
            ("en", &["ja", "en-GB"], "en-GB"),
            ("en-GB", &["ja", "en"], "en"),
            ("JA", &["ja"], "ja"),
            ("de", &["ja", "@none"], "@none"),
            ("de", &["ja", "en"], "ja"),
            ("*", &["@none", "en"], "en"),
            ("de;q=0,en", &["de", "en"], "en"),
        ] {
            let preference: LanguagePreference = preference.parse().unwrap();
            assert_eq!(preference.choose(&map(tags)).unwrap().0, chosen, "{preference} of {tags:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "en;q=2", "en;w=1", "e n", "-", "toolongsubtag"] {
            assert!(text.parse::<LanguagePreference>().is_err(), "{text}");
        }
    }

    #[test]
    fn tags_are_well_formed_or_not() {
        for tag in ["ja", "en-GB", "ja-Kana", "zh-Hant-TW", "x-private", "de-u-co-phonebk"] {
            assert!(is_language_tag(tag), "{tag}");
        }
        for tag in ["", "j_a", "-en", "en-", "1a", "@none", "日本"] {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }
}
