//! The file that lists what is fetched regularly. It is TOML, and everything in it is checked before anything is fetched.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hiroba_importers::Options;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::{Datasets, Tenant};
use jiff::tz::TimeZone;
use ngsild::DateTime;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use url::Url;

use super::schedule::Schedule;
use crate::service::datasets::Gone;
use crate::service::sources::Source;

/// How large the file may be, in bytes, and how many sources it may list.
const LARGEST: u64 = 1 << 20;
const SOURCES: usize = 1_000;
/// Where days begin unless the file says otherwise.
const TIMEZONE: &str = "Asia/Tokyo";
/// How alike a word must be to one that is known to be proposed, 0 to 1.
const ALIKE: f64 = 0.75;

const KEYS: [&str; 2] = ["timezone", "source"];
const SOURCE_KEYS: [&str; 13] = [
    "name",
    "url",
    "every",
    "at",
    "dataset",
    "municipality",
    "publisher",
    "licence",
    "sheet",
    "source",
    "gone",
    "tenant",
    "enabled",
];
const GONE: [&str; 3] = ["keep", "mark", "remove"];

/// What is fetched regularly.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The sources, in the order of the file.
    pub sources: Vec<Planned>,
}

/// One source with its schedule.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What logs and metrics call it.
    pub name: String,
    /// The tenant to publish for.
    pub tenant: Tenant,
    /// The file, and how it is read.
    pub source: Source,
    /// When it is fetched.
    pub schedule: Schedule,
}

/// Why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read.
    #[error("cannot read the harvest file {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file says something that is not understood.
    #[error("{}, line {line}: {reason}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong, and what to write.
        reason: String,
    },
}

/// What is wrong, with its place in the text.
struct Fault {
    at: usize,
    reason: String,
}

impl Fault {
    fn new(at: Range<usize>, reason: impl Display) -> Self {
        Self { at: at.start, reason: reason.to_string() }
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self::new(error.span().unwrap_or_default(), error.message())
    }
}

#[derive(Deserialize)]
struct File {
    timezone: Option<Spanned<String>>,
    #[serde(default)]
    source: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
struct Entry {
    name: Option<String>,
    url: Spanned<String>,
    every: Option<Spanned<String>>,
    at: Option<Spanned<String>>,
    dataset: Option<Spanned<String>>,
    municipality: Option<Spanned<String>>,
    publisher: Option<String>,
    licence: Option<String>,
    sheet: Option<String>,
    source: Option<String>,
    gone: Option<Spanned<String>>,
    tenant: Option<Spanned<String>>,
    enabled: Option<bool>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn read(path: &Path) -> Result<Self, PlanError> {
        let unreadable = |error| PlanError::Unreadable { path: path.to_owned(), error };
        if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
            let reason = format!("it is larger than {} KiB", LARGEST >> 10);
            return Err(unreadable(std::io::Error::other(reason)));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).map_err(|Fault { at, reason }| {
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            PlanError::Wrong { path: path.to_owned(), line, reason }
        })
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        // First the keys: an unknown one is more likely to be misspelt than what serde says about missing ones tells.
        check_keys(DeTable::parse(text)?.get_ref())?;
        let file: File = toml::from_str(text)?;
        let timezone = match &file.timezone {
            Some(name) => TimeZone::get(name.get_ref()).map_err(|_| {
                let reason = format!("there is no time zone '{}'. Write it as Asia/Tokyo or UTC", name.get_ref());
                Fault::new(name.span(), reason)
            })?,
            None => TimeZone::get(TIMEZONE).map_err(|e| Fault::new(0..0, e))?,
        };
        if file.source.is_empty() {
            return Err(Fault::new(0..0, "no source is listed. Begin each with a line [[source]]"));
        }
        if file.source.len() > SOURCES {
            return Err(Fault::new(
                0..0,
                format!("more than {SOURCES} sources. Use several programs, or fewer sources"),
            ));
        }
        let (mut names, mut keys, mut sources) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for entry in file.source {
            let at = entry.span();
            let entry = entry.into_inner();
            let enabled = entry.enabled.unwrap_or(true);
            let planned = entry.check(at.clone(), &timezone)?;
            if !keys.insert((planned.tenant.clone(), planned.source.key())) {
                return Err(Fault::new(at, format!("{} is listed twice", planned.source.url())));
            }
            if !names.insert(planned.name.clone()) {
                let reason =
                    format!("another source has the name '{}' too. Give each its own with name = …", planned.name);
                return Err(Fault::new(at, reason));
            }
            if enabled {
                sources.push(planned);
            }
        }
        Ok(Self { sources })
    }
}

impl Entry {
    fn check(self, at: Range<usize>, timezone: &TimeZone) -> Result<Planned, Fault> {
        let schedule = match (&self.every, &self.at) {
            (Some(every), None) => Schedule::every(every.get_ref()).map_err(|e| Fault::new(every.span(), e))?,
            (None, Some(time)) => {
                Schedule::daily(time.get_ref(), timezone.clone()).map_err(|e| Fault::new(time.span(), e))?
            }
            (None, None) => return Err(Fault::new(at, "say when: every = \"1d\" or at = \"03:00\"")),
            (Some(_), Some(time)) => return Err(Fault::new(time.span(), "give either every or at, not both")),
        };
        if let Some(dataset) = &self.dataset
            && Datasets::published().get(dataset.get_ref()).is_none()
        {
            let known = Datasets::published().supported().iter().map(|dataset| dataset.slug.as_str());
            return Err(Fault::new(dataset.span(), unknown("data set", dataset.get_ref(), known)));
        }
        let municipality = match &self.municipality {
            Some(code) => Some(LocalGovernmentCode::parse(code.get_ref()).ok_or_else(|| {
                let reason =
                    "a 全国地方公共団体コード has six digits, of which the last one checks the others (131016)";
                Fault::new(code.span(), reason)
            })?),
            None => None,
        };
        let gone = match &self.gone {
            None => Gone::default(),
            Some(gone) => match gone.get_ref().as_str() {
                "keep" => Gone::Keep,
                "mark" => Gone::Mark,
                "remove" => Gone::Remove,
                other => return Err(Fault::new(gone.span(), unknown("way to deal with what is gone", other, GONE))),
            },
        };
        let tenant = match &self.tenant {
            Some(tenant) => Tenant::parse(tenant.get_ref()).map_err(|e| Fault::new(tenant.span(), e))?,
            None => Tenant::default_tenant(),
        };
        let options = Options {
            dataset: self.dataset.map(Spanned::into_inner),
            sheet: self.sheet,
            municipality,
            publisher: self.publisher,
            licence: self.licence,
            source: self.source,
            ..Options::new(DateTime::from_micros(0))
        };
        let wrong_url = |e: &dyn Display| Fault::new(self.url.span(), format!("url: {e}"));
        let url = Url::parse(self.url.get_ref()).map_err(|e| wrong_url(&e))?;
        let source = Source::new(url, options, gone).map_err(|e| wrong_url(&e))?;
        let name = self.name.unwrap_or_else(|| source.url().to_string());
        Ok(Planned { name, tenant, source, schedule })
    }
}

fn check_keys(file: &DeTable<'_>) -> Result<(), Fault> {
    let check = |table: &DeTable<'_>, known: &[&str]| {
        let odd = table.iter().find(|(key, _)| !known.contains(&key.get_ref().as_ref()));
        odd.map_or(Ok(()), |(key, _)| Err(Fault::new(key.span(), unknown("key", key.get_ref(), known.iter().copied()))))
    };
    check(file, &KEYS)?;
    if let Some(DeValue::Array(sources)) = file.get("source").map(Spanned::get_ref) {
        for source in sources.iter() {
            if let DeValue::Table(source) = source.get_ref() {
                check(source, &SOURCE_KEYS)?;
            }
        }
    }
    Ok(())
}

/// That a word is not known, with the one that may be meant, or all that are.
fn unknown<'k>(what: &str, word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let likeness = |candidate: &str| strsim::jaro_winkler(candidate, word);
    let nearest = known.iter().copied().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest.filter(|nearest| likeness(nearest) >= ALIKE) {
        Some(nearest) => format!("there is no {what} '{word}'. Did you mean {nearest}?"),
        None => format!("there is no {what} '{word}'. There is: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
timezone = "Asia/Tokyo"

[[source]]
name = "AED"
url = "https://city.example/aed.csv#part"
at = "03:00"
dataset = "aed"
municipality = "131016"
publisher = "広場市"
licence = "CC BY 4.0"
sheet = "一覧"
gone = "remove"
tenant = "ward"

[[source]]
url = "https://city.example/toilets.xlsx"
every = "6h"

[[source]]
url = "https://city.example/off.csv"
every = "1d"
enabled = false
"#;

    #[test]
    fn every_key_is_read() {
        let plan = Plan::parse(GOOD).ok().unwrap();
        let [aed, toilets] = plan.sources.as_slice() else { panic!("{plan:?}") };
        assert_eq!((aed.name.as_str(), aed.tenant.as_str()), ("AED", "ward"));
        assert_eq!(aed.source.url().as_str(), "https://city.example/aed.csv");
        let options = aed.source.options();
        assert_eq!(options.source.as_deref(), Some("https://city.example/aed.csv"));
        assert_eq!((options.dataset.as_deref(), options.sheet.as_deref()), (Some("aed"), Some("一覧")));
        assert_eq!((options.publisher.as_deref(), options.licence.as_deref()), (Some("広場市"), Some("CC BY 4.0")));
        assert_eq!(options.municipality.unwrap().to_string(), "131016");
        assert_eq!(toilets.name, "https://city.example/toilets.xlsx");
        assert!(toilets.tenant.is_default());
    }

    #[test]
    fn what_is_not_understood_is_told_with_its_line_and_what_to_write() {
        let source = "[[source]]\nurl = \"https://city.example/a.csv\"\n";
        for (text, line, says) in [
            ("timzone = \"UTC\"\n".to_owned(), 1, "Did you mean timezone?"),
            (format!("{source}every = \"1d\"\nlicense = \"CC0\"\n"), 4, "Did you mean licence?"),
            (format!("{source}every = \"1d\"\ncolour = 1\n"), 4, "There is: name, url"),
            (source.to_owned(), 1, "say when"),
            (format!("{source}every = \"1d\"\nat = \"03:00\"\n"), 4, "not both"),
            (format!("{source}every = \"daily\"\n"), 3, "\"6h\""),
            (format!("{source}every = 5\n"), 3, "string"),
            (format!("{source}at = \"25:00\"\n"), 3, "\"03:00\""),
            (format!("{source}every = \"1d\"\ngone = \"marked\"\n"), 4, "Did you mean mark?"),
            (format!("{source}every = \"1d\"\ndataset = \"aet\"\n"), 4, "Did you mean aed?"),
            (format!("{source}every = \"1d\"\nmunicipality = \"131017\"\n"), 4, "six digits"),
            (format!("{source}every = \"1d\"\ntenant = \"a b\"\n"), 4, "tenant"),
            (format!("timezone = \"Asia/Edo\"\n{source}every = \"1d\"\n"), 1, "Asia/Tokyo"),
            (format!("{source}every = \"1d\"\n{source}every = \"2d\"\n"), 4, "listed twice"),
            ("[[source]]\nevery = \"1d\"\n".to_owned(), 1, "url"),
            ("[[source]]\nevery = \"1d\"\nurl = \"ftp://x/y\"\n".to_owned(), 3, "https://"),
            ("[[source]]\nevery = \"1d\"\nurl = \"https://me:secret@x/y\"\n".to_owned(), 3, "password"),
            ("[[source]]\nevery = \"1d\"\nurl = \"a.csv\"\n".to_owned(), 3, "url"),
            ("source = 1\n".to_owned(), 1, "sequence"),
            ("[[source]\n".to_owned(), 1, ""),
            (String::new(), 1, "[[source]]"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("harvest.toml");
            std::fs::write(&path, &text).unwrap();
            let error = Plan::read(&path).unwrap_err().to_string();
            assert!(error.contains(&format!("harvest.toml, line {line}: ")), "{text}: {error}");
            assert!(error.contains(says), "{text}: {error}");
        }
        let missing = Plan::read(Path::new("/nonexistent/harvest.toml")).unwrap_err().to_string();
        assert!(missing.contains("/nonexistent/harvest.toml"), "{missing}");
    }

    #[test]
    fn the_example_for_operators_is_a_plan() {
        let page = include_str!("../../../../../docs/operator.md");
        let (_, example) = page.split_once("```toml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        assert_eq!(Plan::parse(example).ok().unwrap().sources.len(), 2);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(\\[\\[source\\]\\]\n|[a-z]{1,6} = |\"[^\"]{0,8}\"|\n|.){0,20}") {
            let _ = Plan::parse(&text);
        }
    }
}
