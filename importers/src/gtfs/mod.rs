//! Bus timetables: GTFS Schedule, and GTFS-JP (標準的なバス情報フォーマット) with its additional tables.
//!
//! What the columns mean is in the definitions of `hiroba-vocab`. Here is only what no definition can say: which tables
//! belong together, and that the points of a shape are one line.

mod agency;
mod content;
mod shapes;
mod translations;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use content::Content;
use translations::Translations;

use crate::candidate::Candidate;
use crate::error::ImportError;
use crate::left_out::{LeftOut, Reason};
use crate::options::Options;
use crate::source::{Input, Member, Source};
use crate::table::{Join, Lookup, Table};

/// Tables that become entities: the file, the short name of the data set, and the column of its numbers.
const TABLES: [(&str, &str, &str); 7] = [
    ("agency.txt", "gtfs_agency", "agency_id"),
    ("stops.txt", "gtfs_stops", "stop_id"),
    ("routes.txt", "gtfs_routes", "route_id"),
    ("trips.txt", "gtfs_trips", "trip_id"),
    ("shapes.txt", "gtfs_shapes", "shape_id"),
    ("calendar.txt", "gtfs_calendar", "service_id"),
    ("calendar_dates.txt", "gtfs_calendar_dates", ""),
];
/// Tables whose columns are added to others: the table, what is added, and the columns that are equal in both.
const JOINED: [(&str, &[&str], &str, &str); 3] = [
    ("agency.txt", &["agency_jp.txt"], "agency_id", "agency_id"),
    ("routes.txt", &["routes_jp.txt", "route_jp.txt"], "route_id", "route_id"),
    ("trips.txt", &["office_jp.txt"], "jp_office_id", "office_id"),
];
/// Columns that can be translated.
const TRANSLATED: [(&str, &str); 6] = [
    ("agency.txt", "agency_name"),
    ("stops.txt", "stop_name"),
    ("routes.txt", "route_short_name"),
    ("routes.txt", "route_long_name"),
    ("trips.txt", "trip_headsign"),
    ("trips.txt", "trip_short_name"),
];

/// The tables of one timetable, by their names in lower case.
pub(crate) struct Feed {
    files: BTreeMap<String, Member>,
}

/// Takes the timetables out of the members of an archive: folders with stops, and with routes, trips or times.
pub(crate) fn feeds(members: Vec<Member>) -> (Vec<Feed>, Vec<Member>) {
    let has = |place: &str, file: &str| members.iter().any(|m| folder(m) == place && file_name(m) == file);
    let is_feed = |place: &str| {
        has(place, "stops.txt") && ["routes.txt", "trips.txt", "stop_times.txt"].iter().any(|file| has(place, file))
    };
    let places: BTreeSet<String> =
        members.iter().map(|member| folder(member).to_owned()).filter(|place| is_feed(place)).collect();
    let mut feeds: BTreeMap<String, Feed> = BTreeMap::new();
    let mut others = Vec::new();
    for member in members {
        let (place, file) = (folder(&member).to_owned(), file_name(&member));
        if places.contains(&place) && file.ends_with(".txt") {
            feeds.entry(place).or_insert_with(|| Feed { files: BTreeMap::new() }).files.insert(file, member);
        } else {
            others.push(member);
        }
    }
    (feeds.into_values().collect(), others)
}

fn folder(member: &Member) -> &str {
    member.path().rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn file_name(member: &Member) -> String {
    member.path().rsplit('/').next().unwrap_or_default().to_lowercase()
}

impl Feed {
    /// The tables that become entities, and those that do not with the reason.
    ///
    /// # Errors
    /// The options name a data set that does not exist.
    pub(crate) fn tables(self, options: &Options) -> Result<(Vec<Candidate>, Vec<LeftOut>), ImportError> {
        let mut left_out: BTreeMap<String, Reason> = BTreeMap::new();
        let agencies = self.content("agency.txt", &mut left_out);
        let agency = agencies.as_ref().and_then(agency::publisher).map(Arc::new);
        let translations = self.content("translations.txt", &mut left_out).map(Translations::read);
        let mut found = Vec::new();
        for (file, slug, key) in TABLES {
            let Some(member) = self.files.get(file) else { continue };
            if options.dataset.as_deref().is_some_and(|wanted| wanted.starts_with("gtfs_") && wanted != slug) {
                left_out.insert(
                    file.to_owned(),
                    ["another data set was asked for.", "ほかのデータセットが指定されています。"].into(),
                );
                continue;
            }
            let opened = Source::examine(Input::Member(member.clone())).and_then(|source| {
                let content = Content::beginning(&source)?;
                if content.rows.is_empty() {
                    return Ok(None);
                }
                let mut table = if file == "shapes.txt" { shapes::table(&source)? } else { only_table(&source)? };
                self.join(file, &content, &mut table, &mut left_out);
                if let Some(translations) = &translations {
                    translate(file, key, &content, &mut table, translations);
                }
                if file == "routes.txt" {
                    agency::default_of(agencies.as_ref(), &content).into_iter().for_each(|join| table.join(join));
                }
                if let ("calendar.txt", Some(column)) = (file, content.column(key)) {
                    table.join(Join::Copy { header: "service", column });
                }
                table.agency.clone_from(&agency);
                Candidate::named(&source, table, slug).map(Some)
            });
            match opened {
                Ok(Some(candidate)) if candidate.binding.has_subject() => found.push(candidate),
                Ok(Some(_)) => {
                    left_out.insert(
                        file.to_owned(),
                        [format!("it has no column {key}."), format!("{key}の列がありません。")].into(),
                    );
                }
                Ok(None) => {
                    left_out.insert(file.to_owned(), EMPTY.into());
                }
                Err(error) => {
                    left_out.insert(file.to_owned(), (&error).into());
                }
            }
        }
        self.account_for_the_rest(&mut left_out);
        Ok((found, left_out.into_iter().map(|(name, reason)| LeftOut::new(self.path(&name), reason)).collect()))
    }

    /// The path in the archive of a file.
    fn path(&self, file: &str) -> String {
        self.files.get(file).map_or_else(|| file.to_owned(), |member| member.path().to_owned())
    }

    /// A small table, whole. What is wrong with it keeps the others in.
    fn content(&self, file: &str, left_out: &mut BTreeMap<String, Reason>) -> Option<Content> {
        let member = self.files.get(file)?;
        match Source::examine(Input::Member(member.clone())).and_then(|source| Content::whole(&source)) {
            Ok(content) => Some(content),
            Err(error) => {
                left_out.insert(file.to_owned(), (&error).into());
                None
            }
        }
    }

    /// Adds the columns of the Japanese tables.
    fn join(&self, file: &str, content: &Content, table: &mut Table, left_out: &mut BTreeMap<String, Reason>) {
        for (_, others, own_key, key) in JOINED.iter().filter(|(base, ..)| *base == file) {
            let Some(other) = others.iter().find_map(|other| self.content(other, left_out)) else { continue };
            let (Some(column), Some(at)) = (content.column(own_key), other.column(key)) else { continue };
            let without = |cells: &[String]| -> Vec<String> {
                cells.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, cell)| cell.clone()).collect()
            };
            let width = other.header.len();
            let row = |mut cells: Vec<String>| {
                cells.resize(width, String::new());
                Some((cells.get(at)?.clone(), without(&cells)))
            };
            let headers = without(&other.header);
            let cells: HashMap<String, Vec<String>> = other.rows.into_iter().filter_map(row).collect();
            table.join(Join::Columns { headers, lookups: vec![Lookup { column, cells }] });
        }
    }

    /// What is joined to others needs no word; the times are counted, the rest is named.
    fn account_for_the_rest(&self, left_out: &mut BTreeMap<String, Reason>) {
        let joined = |file: &str| JOINED.iter().any(|(_, others, ..)| others.contains(&file));
        let known = |file: &str| TABLES.iter().any(|(table, ..)| *table == file);
        for (file, member) in &self.files {
            if known(file) || joined(file) || file == "translations.txt" || left_out.contains_key(file) {
                continue;
            }
            let rows = Source::examine(Input::Member(member.clone())).and_then(|source| content::count(&source));
            let reason: Reason = match rows {
                Ok(0) => EMPTY.into(),
                Ok(rows) if file == "stop_times.txt" => [
                    format!("{rows} times of calls at stops: they are counted, and not imported by this version."),
                    format!("停留所の発着時刻{rows}件です。この版は数えるだけで、取り込みません。"),
                ]
                .into(),
                Ok(rows) => [
                    format!("{rows} rows of a table that this version does not import."),
                    format!("この版が取り込まない表（{rows}行）です。"),
                ]
                .into(),
                Err(error) => (&error).into(),
            };
            left_out.insert(file.clone(), reason);
        }
    }
}

const EMPTY: [&str; 2] = ["it has no rows.", "行がありません。"];

/// The table of a file with one.
fn only_table(source: &Source) -> Result<Table, ImportError> {
    let empty = || ImportError::Empty { file: source.input.name() };
    Table::all(source)?.into_iter().next().ok_or_else(empty)
}

/// Adds a column for each translated column and language.
fn translate(file: &str, key: &str, content: &Content, table: &mut Table, translations: &Translations) {
    for (_, field) in TRANSLATED.iter().filter(|(base, _)| *base == file) {
        let name = file.trim_end_matches(".txt");
        if let Some(join) = translations.join(name, field, content.column(key), content.column(field)) {
            table.join(join);
        }
    }
}
