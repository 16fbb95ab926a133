//! Who published a file.

use std::collections::HashMap;

use hiroba_vocab::municipality::{Municipalities, Municipality};
use hiroba_vocab::normalise::code::{LocalGovernmentCode, local_government};

use super::habits::Survey;
use crate::classify::is_total;
use crate::header::Header;
use crate::options::Options;
use crate::table::Table;

/// How far the middle of a municipality's list may lie from its office.
const NEAR_KM: f64 = 15.0;

/// The publisher, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// Its code; 000000 if it is not known.
    pub code: LocalGovernmentCode,
    /// Its name, if it is known.
    pub name: Option<String>,
    /// Where the code comes from.
    pub found: Found,
    /// What stands in ids where the publisher is no local government: an agency's corporate number, or its own id.
    pub(crate) stand_in: Option<String>,
}

/// Where a publisher's code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// The options.
    Options,
    /// The code column.
    CodeColumn,
    /// The agency of a bus timetable.
    Agency,
    /// The name of the file.
    FileName,
    /// The municipality of most addresses.
    Addresses,
    /// A municipality's name in the title or the file's name.
    Title,
    /// Nowhere.
    Nowhere,
}

impl Publisher {
    /// Decides from what is most explicit to what is least.
    pub(crate) fn decide(options: &Options, file: &str, table: &Table, header: &Header, survey: &Survey<'_>) -> Self {
        let agency = table.agency.as_ref();
        let found = options
            .municipality
            .map(|code| (code, Found::Options))
            .or_else(|| agency.and_then(|agency| agency.code).map(|code| (code, Found::Agency)))
            .or_else(|| from_codes(survey).map(|code| (code, Found::CodeColumn)))
            .or_else(|| from_name(file).map(|code| (code, Found::FileName)))
            .or_else(|| from_addresses(survey).map(|code| (code, Found::Addresses)))
            .or_else(|| from_cities(survey).map(|code| (code, Found::Addresses)))
            .or_else(|| from_title(file, table.sheet.as_deref(), header).map(|code| (code, Found::Title)));
        // A company's timetable is the company's, wherever its stops are.
        let company = agency.filter(|agency| agency.code.is_none() && options.municipality.is_none());
        let found = if company.is_some() { Some((LocalGovernmentCode::UNKNOWN, Found::Agency)) } else { found };
        let (code, found) = found.unwrap_or((LocalGovernmentCode::UNKNOWN, Found::Nowhere));
        let listed = Municipalities::all().get(code).map(|body| body.name);
        // 北区 by itself is the ward of some city.
        let is_body = |name: &&str| !name.ends_with('区') || Municipalities::all().named(name).next().is_some();
        let said = || only(&survey.publishers).or_else(|| only(&survey.cities)).filter(is_body);
        let agency_name = || agency.map(|agency| agency.name.as_str()).filter(|name| !name.is_empty());
        let name = options.publisher.as_deref().or(listed).or_else(agency_name).or_else(said);
        let stand_in = company.map(|agency| agency.stand_in.clone());
        Self { code, name: name.map(str::to_owned), found, stand_in }
    }

    /// What stands for the publisher in ids: its code, or what an agency that is no local government has for one.
    pub(crate) fn in_ids(&self) -> String {
        self.stand_in.clone().unwrap_or_else(|| self.code.to_string())
    }

    /// The code, if there is one.
    pub(crate) fn known(&self) -> Option<LocalGovernmentCode> {
        (self.code != LocalGovernmentCode::UNKNOWN).then_some(self.code)
    }
}

/// The code of most rows. A prefecture's code beside one and the same city means the city.
fn from_codes(survey: &Survey<'_>) -> Option<LocalGovernmentCode> {
    // By what the cells mean: 37201 and 372013 are one body.
    let mut counts: HashMap<LocalGovernmentCode, u64> = HashMap::new();
    for (cell, count) in &survey.codes {
        if let Some(code) = local_government(cell, None).ok() {
            *counts.entry(code).or_insert(0) += count;
        }
    }
    let total: u64 = counts.values().sum();
    let prefecture = counts.keys().next()?.of_prefecture();
    let is_one_prefecture = counts.keys().all(|code| code.of_prefecture() == prefecture);
    let (code, most) = counts.into_iter().max_by_key(|(code, count)| (*count, std::cmp::Reverse(*code)))?;
    if survey.codes.len() > 1
        && let Some(city) = city_of_wards(survey)
    {
        return Some(city);
    }
    // The codes are where the things are, all over a prefecture.
    if is_one_prefecture && most * 10 < total * 7 {
        return Some(prefecture);
    }
    if code.is_prefecture()
        && let Some(city) = only(&survey.cities)
    {
        let city = Municipalities::all().named(city).find(|body| body.code.of_prefecture() == code);
        return Some(city.map_or(code, |city| city.code));
    }
    Some(code)
}

/// The city whose wards all codes are.
fn city_of_wards(survey: &Survey<'_>) -> Option<LocalGovernmentCode> {
    let mut cities = survey.codes.keys().map(|cell| {
        let ward = Municipalities::all().get(local_government(cell, None).ok()?)?;
        (ward.name.ends_with('区')).then(|| city_of(ward)).filter(|city| city.code != ward.code).map(|city| city.code)
    });
    let first = cities.next()??;
    cities.all(|city| city == Some(first)).then_some(first)
}

/// The city of a ward; any other body itself.
fn city_of(body: &'static Municipality) -> &'static Municipality {
    let city = body.name.find('市').filter(|_| body.name.ends_with('区')).map(|at| &body.name[..at + '市'.len_utf8()]);
    let city = city.and_then(|city| {
        Municipalities::all().named(city).find(|other| other.code.prefecture() == body.code.prefecture())
    });
    city.unwrap_or(body)
}

/// The body of the names in a column of municipalities or wards, or at the beginning of addresses: the only one that there
/// is, the city of all wards, or the prefecture in which all are and no other has them all.
fn from_cities(survey: &Survey<'_>) -> Option<LocalGovernmentCode> {
    let all = Municipalities::all();
    let names = survey.cities.keys().chain(survey.wards.keys()).map(String::as_str);
    let names: Vec<&str> = names.filter(|name| !is_total(name)).collect();
    let bodies_of = |name: &str| -> Vec<&'static Municipality> {
        let listed: Vec<_> = all.named(name).filter(|body| !body.code.is_prefecture()).collect();
        let is_ward = |body: &&Municipality| body.name.strip_suffix(name).is_some_and(|city| city.ends_with('市'));
        if name.ends_with('区') { listed.into_iter().chain(all.iter().filter(is_ward)).collect() } else { listed }
    };
    let (first, rest) = names.split_first()?;
    let mut common: Vec<&Municipality> = bodies_of(first).into_iter().map(city_of).collect();
    let mut prefectures: Vec<LocalGovernmentCode> = common.iter().map(|body| body.code.of_prefecture()).collect();
    for name in rest {
        let bodies = bodies_of(name);
        common.retain(|city| bodies.iter().any(|body| city_of(body).code == city.code));
        prefectures.retain(|code| bodies.iter().any(|body| body.code.of_prefecture() == *code));
    }
    prefectures.dedup();
    match (common.as_slice(), prefectures.as_slice()) {
        ([city], _) => Some(city.code),
        ([], [prefecture]) => Some(*prefecture),
        _ => None,
    }
}

fn only(values: &HashMap<String, u64>) -> Option<&str> {
    match values.len() {
        1 => values.keys().next().map(String::as_str),
        _ => None,
    }
}

/// Six digits in a row that are a code of the list, as the standard's rule for file names asks.
fn from_name(file: &str) -> Option<LocalGovernmentCode> {
    let runs = file.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 6);
    runs.filter_map(LocalGovernmentCode::parse).find(|code| Municipalities::all().get(*code).is_some())
}

/// The municipality of most addresses; where they are spread over a prefecture, the prefecture. Wards count for their
/// city.
fn from_addresses(survey: &Survey<'_>) -> Option<LocalGovernmentCode> {
    let all = Municipalities::all();
    let (mut cities, mut prefectures) = (HashMap::new(), HashMap::new());
    let mut total = 0;
    for (code, count) in &survey.addresses {
        let body = all.get(*code)?;
        *cities.entry(city_of(body).code).or_insert(0) += count;
        *prefectures.entry(code.of_prefecture()).or_insert(0) += count;
        total += count;
    }
    let most = |counts: &HashMap<LocalGovernmentCode, u64>| {
        counts
            .iter()
            .max_by_key(|(code, count)| (**count, std::cmp::Reverse(**code)))
            .map(|(code, count)| (*code, *count))
    };
    let (city, in_city) = most(&cities)?;
    let (prefecture, in_prefecture) = most(&prefectures)?;
    // Where most addresses leave the municipality out, the few that have one may be the exceptions: only the points tell.
    if total * 5 < survey.addresses_seen {
        let office = all.get(city).and_then(|body| body.office);
        let near = office
            .zip(survey.coordinates.center())
            .is_some_and(|(office, center)| office.distance_km(center) < NEAR_KM);
        return (in_city == total && near).then_some(city);
    }
    if in_city * 10 >= total * 7 { Some(city) } else { (in_prefecture * 10 >= total * 7).then_some(prefecture) }
}

/// The longest name of a municipality in the title, the sheet's name or the file's name, if only one body bears it.
fn from_title(file: &str, sheet: Option<&str>, header: &Header) -> Option<LocalGovernmentCode> {
    let all = Municipalities::all();
    let texts = header.above.iter().map(String::as_str).chain(sheet).chain([file]);
    for text in texts {
        for (at, _) in text.char_indices() {
            let unique =
                all.starting(&text[at..], |body| body.name.ends_with(['市', '町', '村']) || body.name.contains('市'));
            if let Some((body, _)) = unique {
                return Some(body.code);
            }
        }
    }
    None
}
