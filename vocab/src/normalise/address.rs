//! Addresses: prefecture, municipality, and the rest.

use std::borrow::Cow;

use super::character::{fold_lot_numbers, is_blank};
use super::code::LocalGovernmentCode;
use crate::issue::{Issue, Issues};
use crate::municipality::{Municipalities, Municipality};

/// The parts of an address.
#[derive(Debug, Clone, PartialEq)]
pub struct Address<'t> {
    /// The prefecture's name.
    pub prefecture: Option<&'static str>,
    /// The municipality's name, with the ward of a designated city and without the district (郡).
    pub municipality: Option<&'static str>,
    /// The code of the most precise body that was recognised.
    pub code: Option<LocalGovernmentCode>,
    /// Town and lot number, with digits and the hyphens between them in their usual width.
    pub street: Cow<'t, str>,
    /// What stands behind the lot number: a building, a floor.
    pub building: Option<&'t str>,
    /// What was noticed.
    pub issues: Issues,
}

/// Splits an address. Names are looked up in the list of municipalities, never cut at the first 市: 四日市市, 野々市市.
///
/// `publisher` fills in what the address leaves out, unless the address names another place. Lists leave out prefecture
/// and city more often than not.
pub fn split(text: &str, publisher: Option<LocalGovernmentCode>) -> Address<'_> {
    let all = Municipalities::all();
    let home = publisher.and_then(|code| all.get(code));
    let text = without_postal_code(text.trim_matches(is_blank));
    let mut issues = Issues::NONE;
    let (prefecture, rest) = match all.prefecture(text) {
        Some((body, rest)) => (Some(body), rest.trim_start_matches(is_blank)),
        None => (None, text),
    };
    let found = match prefecture {
        Some(prefecture) => in_prefecture(rest, prefecture.code),
        None => without_prefecture(rest, home),
    };
    let (body, street) = match found {
        Some(found) => {
            issues = issues.with_if(found.island, Issue::AddressIsland);
            (Some(found.body), found.rest)
        }
        None => (None, rest),
    };
    // The publisher's own city is left out; a prefecture says nothing of the city, and the name of another town of the
    // prefecture leaves in doubt which of the two it is.
    let elsewhere = found.is_none()
        && home.is_some_and(|home| {
            let town = in_prefecture(rest, home.code.of_prefecture());
            town.is_some_and(|town| town.body.code != home.code && town.body.name.ends_with(['町', '村']))
        });
    let body = body.or_else(|| {
        if elsewhere {
            return None;
        }
        let same = prefecture.is_none_or(|p| home.is_some_and(|home| home.code.of_prefecture() == p.code));
        home.filter(|home| same && !home.code.is_prefecture())
    });
    let prefecture_code = body
        .map(|body| body.code.of_prefecture())
        .or(prefecture.map(|p| p.code))
        .or_else(|| home.map(|home| home.code.of_prefecture()));
    if (found.is_none() && body.is_some()) || (prefecture.is_none() && prefecture_code.is_some()) {
        issues.add(Issue::AddressCompleted);
    }
    if body.is_none() && home.is_none_or(|home| !home.code.is_prefecture()) || (body.is_none() && prefecture.is_some())
    {
        issues.add(Issue::AddressUnmatched);
    }
    if let (Some(found), Some(home)) = (found, home) {
        issues = issues.with_if(!belongs(found.body, home), Issue::AddressElsewhere);
    }
    let (street, building) = split_building(street.trim_matches(is_blank));
    let street = match street.strip_suffix("-0") {
        // Some exports write a branch number of 0 where there is none.
        Some(lot) if lot.ends_with(|c: char| c.is_ascii_digit()) => {
            issues.add(Issue::AddressZero);
            lot
        }
        _ => street,
    };
    Address {
        prefecture: prefecture_code.and_then(|code| all.get(code)).map(|body| body.name),
        municipality: body.map(|body| body.name),
        code: body.map(|body| body.code).or(prefecture_code),
        street: fold_lot_numbers(street),
        issues: issues.with_if(building.is_some(), Issue::BuildingSplit),
        building,
    }
}

/// Whether a body is the publisher, one of its wards, or inside the publishing prefecture.
fn belongs(body: &Municipality, home: &Municipality) -> bool {
    body.code == home.code
        || home.code.is_prefecture() && body.code.of_prefecture() == home.code
        || body.code.of_prefecture() == home.code.of_prefecture()
            && (body.name.starts_with(home.name) || home.name.starts_with(body.name))
}

#[derive(Clone, Copy)]
struct Found<'t> {
    body: &'static Municipality,
    rest: &'t str,
    island: bool,
}

/// After a prefecture: the municipality, behind a district (綾歌郡綾川町) or an island's name (八丈島八丈町).
fn in_prefecture(text: &str, prefecture: LocalGovernmentCode) -> Option<Found<'_>> {
    let inside = |body: &Municipality| body.code.of_prefecture() == prefecture;
    let all = Municipalities::all();
    if let Some((body, rest)) = all.starting(text, inside) {
        return Some(Found { body, rest: after_city(rest), island: false });
    }
    for (mark, island) in [('郡', false), ('島', true)] {
        let after = text.char_indices().take(7).filter(|(at, c)| *c == mark && *at > 0);
        for (at, _) in after {
            let behind = text[at + mark.len_utf8()..].trim_start_matches(is_blank);
            if let Some((body, rest)) = all.starting(behind, inside) {
                return Some(Found { body, rest: after_city(rest), island });
            }
        }
    }
    None
}

/// Without a prefecture: names of the publisher's prefecture count first. Elsewhere only a city, or a town behind its
/// district, is recognised: 昭和町一丁目 in Takamatsu is no town of Yamanashi.
fn without_prefecture<'t>(text: &'t str, home: Option<&Municipality>) -> Option<Found<'t>> {
    if let Some(home) = home {
        if let Some(found) = ward_of(text, home) {
            return Some(found);
        }
        if let Some(found) = in_prefecture(text, home.code.of_prefecture())
            && (found.body.name.ends_with('市') || found.body.name.ends_with('区') || is_certain(text, found, home))
        {
            return Some(found);
        }
    }
    let all = Municipalities::all();
    let city =
        |body: &Municipality| body.name.ends_with('市') || body.name.ends_with('区') && all.is_unmistakable(body);
    if let Some((body, rest)) = all.starting(text, city) {
        return Some(Found { body, rest: after_city(rest), island: false });
    }
    let (at, _) = text.char_indices().take(7).find(|(at, c)| *c == '郡' && *at > 0)?;
    let (body, rest) = all.starting(&text[at + '郡'.len_utf8()..], |body| !body.name.ends_with('市'))?;
    Some(Found { body, rest: after_city(rest), island: false })
}

/// A town or village without its prefecture: certain where it is the publisher itself, where a district stands before
/// it, or where the publisher is the prefecture.
fn is_certain(text: &str, found: Found<'_>, home: &Municipality) -> bool {
    found.body.code == home.code || home.code.is_prefecture() || !text.starts_with(found.body.name)
}

/// 東灘区住吉本町 in a list of Kobe.
fn ward_of<'t>(text: &'t str, home: &Municipality) -> Option<Found<'t>> {
    let (at, _) = text.char_indices().take(7).find(|(at, c)| *c == '区' && *at > 0)?;
    let ward = &text[..at + '区'.len_utf8()];
    let city = &home.name[..home.name.find('市')? + '市'.len_utf8()];
    let body = Municipalities::all()
        .named(&format!("{city}{ward}"))
        .find(|body| body.code.of_prefecture() == home.code.of_prefecture())?;
    Some(Found { body, rest: after_city(&text[ward.len()..]), island: false })
}

fn after_city(rest: &str) -> &str {
    rest.trim_start_matches(is_blank)
}

fn without_postal_code(text: &str) -> &str {
    match text.strip_prefix('〒') {
        None => text,
        Some(rest) => rest.trim_start_matches(|c: char| {
            is_blank(c) || c.is_ascii_digit() || matches!(c, '０'..='９' | '-' | '－' | '‐')
        }),
    }
}

/// Puts apart what stands behind a blank or bracket after the end of a lot number. A blank elsewhere proves nothing: it
/// also stands between a former town and its 字.
fn split_building(text: &str) -> (&str, Option<&str>) {
    let lot_end = |before: &str| {
        before.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '０'..='９' | '号' | '番' | '地'))
            && before.contains(|c: char| c.is_ascii_digit() || matches!(c, '０'..='９'))
            && !before.is_ascii()
    };
    let blank = text.char_indices().find(|(at, c)| is_blank(*c) && lot_end(&text[..*at]));
    if let Some((at, _)) = blank {
        let building = text[at..].trim_matches(is_blank);
        // 1 - 2: the blank is inside the lot number; 473 先: it belongs to it.
        if !building.is_empty() && !belongs_to_lot(building) {
            return (text[..at].trim_end_matches(is_blank), Some(building));
        }
    }
    let bracket = text.char_indices().find(|(at, c)| matches!(c, '（' | '(') && lot_end(&text[..*at]));
    match bracket {
        Some((at, open)) if text.ends_with(['）', ')']) => {
            let inside = text[at + open.len_utf8()..].trim_end_matches(['）', ')']);
            (&text[..at], Some(inside.trim_matches(is_blank)).filter(|inside| !inside.is_empty()))
        }
        _ => (text, None),
    }
}

/// Whether what stands behind a blank is still part of the lot number, or says where beside it.
fn belongs_to_lot(text: &str) -> bool {
    const BESIDE: [&str; 12] = ["先", "地先", "地内", "付近", "前", "横", "裏", "隣", "周辺", "他", "外", "ほか"];
    BESIDE.contains(&text) || text.starts_with(|c: char| super::character::is_hyphen(c) || matches!(c, '番' | '号'))
}
