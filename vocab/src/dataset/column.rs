//! A column of a data set: its names, how its cells are read, and where the value goes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::normalise::key::{HeaderKey, fold};

/// How a cell is read. The first group has a part in the entity as a whole; the others are values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
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
    /// Days that come back every week or month, of what the column is named after: 毎週火・金曜日.
    Recurrence,
    /// What happens that day in the group that the header names.
    GroupCell,
    /// People of the ages and the gender that the header names; see [`crate::normalise::age::band`].
    AgeBand,
    /// The day that the row describes: part of the id, and when its counts were observed.
    SurveyDate,
    /// The days on which something takes place, in one cell: the first of them is fed, and `endDate` beside it.
    EventDates,

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
    /// A list whose items may hold commas: only semicolons and line breaks end one.
    Parts,
    /// One of a list of choices.
    Choice,
    /// One of a list of choices (`B1=小学校`), by its code or its word.
    CodeWord,
    /// A list of choices.
    ChoiceList,
    /// A corporate number.
    CorporateNumber,
    /// A local government code as a value.
    Code,
    /// A licence.
    Licence,
    /// The publisher's number for another entity, of the type that `part` names: a Relationship.
    Reference,
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
    /// The term of the attribute that takes the value. Of a column that only its file knows: the attribute's IRI.
    pub feeds: Option<String>,
    /// Which part of the attribute: a language tag, a key, a hazard code.
    pub part: Option<String>,
    /// The term of the attribute whose sub-attribute this is.
    pub of: Option<String>,
    /// Units that may stand behind numbers.
    pub units: Vec<String>,
    /// UN/CEFACT code of the unit of its numbers, where no term says it.
    pub unit: Option<String>,
    /// The standard's choices.
    pub choices: Vec<String>,
    /// Other texts and the choices that they certainly mean, the texts folded by [`crate::normalise::key::fold`].
    pub synonyms: HashMap<String, String>,
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
    /// It takes the columns that nothing else fits.
    pub rest: bool,
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
    /// See [`super::Dataset::classes`].
    pub(super) classes: Vec<String>,
}

impl Column {
    /// A column that only its file knows. `feeds` is a term or the IRI of an attribute.
    pub fn of_a_file(name: &str, reads: Reads, feeds: Option<String>) -> Self {
        Self {
            name: name.to_owned(),
            en: None,
            definition_ja: None,
            definition_en: None,
            current: Vec::new(),
            old: Vec::new(),
            reads,
            feeds,
            part: None,
            of: None,
            units: Vec::new(),
            unit: None,
            choices: Vec::new(),
            choices_en: Vec::new(),
            blank_is_no: false,
            synonyms: HashMap::new(),
            need: Need::Optional,
            when: None,
            many: false,
            extra: true,
            rest: false,
            header: None,
            keys: Keys::default(),
        }
    }

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
        } else if let Some(fit) = self.fit_member(header) {
            Some(fit)
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

    /// Whether a known name begins like a header that may be cut off.
    pub fn begins_with(&self, header: &HeaderKey) -> bool {
        let names = self.keys.official.iter().chain(&self.keys.variants);
        !header.full.is_empty() && names.into_iter().any(|name| name.starts_with(&header.full))
    }

    /// How early a header stands among the known names: among columns that fit equally, the first name wins.
    pub fn rank(&self, header: &HeaderKey) -> usize {
        let position = |key: &String| self.keys.official.iter().chain(&self.keys.variants).position(|name| name == key);
        let member = || header.member.as_ref().filter(|(class, _)| self.keys.classes.first() == Some(class));
        position(&header.full).or_else(|| member().and_then(|(_, member)| position(member))).unwrap_or(usize::MAX)
    }

    /// How well a header fits that names a class first. The data set's own class is part of the name; another class may
    /// speak of something else, as 施設_名称 does beside 投票所_名称.
    fn fit_member(&self, header: &HeaderKey) -> Option<Fit> {
        let keys = &self.keys;
        let (class, member) = header.member.as_ref()?;
        let at = keys.classes.iter().position(|known| known == class)?;
        match (keys.official.contains(member), keys.variants.contains(member)) {
            (true, _) if at == 0 => Some(Fit::Official),
            (_, true) if at == 0 => Some(Fit::Variant),
            (true, _) | (_, true) => Some(Fit::Plain),
            (false, false) => None,
        }
    }

    fn is_like(&self, header: &HeaderKey) -> bool {
        let keys = &self.keys;
        let ends = keys.ends.iter().any(|end| header.plain.ends_with(end) || header.first_line.ends_with(end));
        let contains = keys.contains.iter().any(|word| header.full.contains(word));
        (ends || contains) && !keys.without.iter().any(|word| header.full.contains(word))
    }
}

impl Keys {
    /// The names by which a header is known, apart from how it ends or what it contains.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.official.iter().chain(&self.variants).map(String::as_str)
    }

    pub(super) fn fold(names: &[String]) -> Vec<String> {
        names.iter().map(|name| fold(name)).collect()
    }
}
