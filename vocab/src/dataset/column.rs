//! A column of a data set: its names, how its cells are read, and where the value goes.

use serde::Deserialize;

use crate::normalise::key::{HeaderKey, fold};

/// How a cell is read. The first group has a part in the entity as a whole; the others are values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// The publisher's local government code.
    PublisherCode,
    /// The publisher's name: said once, of the data set.
    PublisherName,
    /// The publisher's number for the row.
    Number,
    /// The prefecture, beside an address that leaves it out.
    Prefecture,
    /// The municipality, beside an address that leaves it out.
    City,
    /// The whole address.
    Address,
    /// The prefecture of the address.
    Region,
    /// The municipality of the address.
    Locality,
    /// The town of the address.
    Town,
    /// The lot number of the address.
    Lot,
    /// The building of the address.
    Building,
    /// The local government code of the address.
    PlaceCode,
    /// The town ID of the address.
    TownId,
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Both in one cell.
    LatLon,
    /// The geodetic datum.
    Datum,
    /// Days on which it is open.
    Days,
    /// Days on which it is closed.
    ClosedDays,
    /// When it opens.
    Opens,
    /// When it closes.
    Closes,
    /// Opening hours in one cell.
    Hours,
    /// A mark that means open all day.
    AllDay,
    /// One of the eight disaster flags.
    Hazard,
    /// A circle that means that the place has what the header says.
    Amenity,

    /// A name: published as it is.
    Name,
    /// A reading in kana.
    Kana,
    /// Text as it is.
    Text,
    /// Text where なし says that there is nothing to say.
    Remark,
    /// A category, one of several columns.
    Category,
    /// Yes or no.
    Flag,
    /// Yes or no where any text means yes.
    NegatedFlag,
    /// A whole number.
    Count,
    /// A number.
    Decimal,
    /// Yen.
    Fee,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// Telephone numbers.
    Phone,
    /// A postal code.
    PostalCode,
    /// Web addresses.
    Url,
    /// An e-mail address.
    Email,
    /// A list.
    List,
    /// One of a list of choices.
    Choice,
    /// A corporate number.
    CorporateNumber,
    /// A local government code as a value.
    Code,
    /// A licence.
    Licence,
}

/// How necessary the standard makes a column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// No mark.
    #[default]
    Optional,
    /// ○
    Recommended,
    /// ◎
    Required,
}

impl Need {
    /// `required`, `recommended` or `optional`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Recommended => "recommended",
            Self::Required => "required",
        }
    }
}

/// How well a header fits a column. Smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// An official name of either layout, or an English header, with its brackets.
    Official,
    /// A known variant, with its brackets.
    Variant,
    /// An official name or variant when what stands in brackets is left out.
    Plain,
    /// The same for the header's first line.
    FirstLine,
    /// The header ends or contains what headers of this column do.
    Likeness,
}

/// A column of a data set.
#[derive(Debug, Clone)]
pub struct Column {
    /// The official name in the current layout.
    pub name: String,
    /// An English label of its own ([`Column::label_en`]).
    pub en: Option<String>,
    /// A Japanese definition of its own ([`Column::definition_ja`]).
    pub definition_ja: Option<String>,
    /// An English definition of its own ([`Column::definition_en`]).
    pub definition_en: Option<String>,
    /// Names in the current layout: the official one and the English ones.
    pub current: Vec<String>,
    /// Names in the old layout.
    pub old: Vec<String>,
    /// How cells are read.
    pub reads: Reads,
    /// The term of the attribute that takes the value.
    pub feeds: Option<String>,
    /// Which part of the attribute: a language tag, a key, a hazard code.
    pub part: Option<String>,
    /// The term of the attribute whose sub-attribute this is.
    pub of: Option<String>,
    /// Units that may stand behind numbers.
    pub units: Vec<String>,
    /// The standard's choices.
    pub choices: Vec<String>,
    /// The choices in English, in the same order; empty where they have no English names.
    pub choices_en: Vec<String>,
    /// An empty cell is a no ([`Column::blank_is_no`] knows more).
    pub(super) blank_is_no: bool,
    /// How necessary the current standard makes it, where a layout does not say otherwise.
    pub need: Need,
    /// The column applies only beside this one.
    pub when: Option<String>,
    /// Several columns of a file may be this one.
    pub many: bool,
    /// It is no column of the standard.
    pub extra: bool,
    /// What an export writes above it, where its name is the name of another column too.
    pub header: Option<String>,
    pub(super) keys: Keys,
}

/// The folded forms by which headers are compared.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    pub(super) official: Vec<String>,
    pub(super) variants: Vec<String>,
    pub(super) ends: Vec<String>,
    pub(super) contains: Vec<String>,
    pub(super) without: Vec<String>,
}

impl Column {
    /// What an export writes above the column where no layout names it.
    pub fn export_header(&self) -> &str {
        self.header.as_deref().unwrap_or(&self.name)
    }

    /// How well a header fits, if it does at all.
    pub fn fit(&self, header: &HeaderKey) -> Option<Fit> {
        let keys = &self.keys;
        let known = |key: &String| keys.official.contains(key) || keys.variants.contains(key);
        if header.full.is_empty() {
            None
        } else if keys.official.contains(&header.full) {
            Some(Fit::Official)
        } else if keys.variants.contains(&header.full) {
            Some(Fit::Variant)
        } else if known(&header.plain) {
            Some(Fit::Plain)
        } else if known(&header.first_line) {
            Some(Fit::FirstLine)
        } else if self.is_like(header) {
            Some(Fit::Likeness)
        } else {
            None
        }
    }

    /// How early a header stands among the known names: among columns that fit equally, the first name wins.
    pub fn rank(&self, header: &HeaderKey) -> usize {
        let names = self.keys.official.iter().chain(&self.keys.variants);
        names.clone().position(|name| *name == header.full).unwrap_or(usize::MAX)
    }

    fn is_like(&self, header: &HeaderKey) -> bool {
        let keys = &self.keys;
        let ends = keys.ends.iter().any(|end| header.plain.ends_with(end) || header.first_line.ends_with(end));
        let contains = keys.contains.iter().any(|word| header.full.contains(word));
        (ends || contains) && !keys.without.iter().any(|word| header.full.contains(word))
    }
}

impl Keys {
    pub(super) fn fold(names: &[String]) -> Vec<String> {
        names.iter().map(|name| fold(name)).collect()
    }
}
