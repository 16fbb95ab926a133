//! The standard municipal data sets: what each column means. The definitions are data, in `datasets/*.toml`; nothing
//! about a single data set is in code.

mod column;
mod file;
mod layout;
mod meaning;
mod range;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

pub use column::{Column, Fit, Need, Reads};
pub use layout::{Edition, Field, Layout};
pub use meaning::Target;
pub use range::{Cardinality, Datatype, Range};

use crate::normalise::key::HeaderKey;

/// A data set that can be imported.
#[derive(Debug, Clone, Default)]
pub struct Dataset {
    /// The short name that file names bear: `public_toilet`.
    pub slug: String,
    /// The term of the entities' type: `PublicToilet`.
    pub entity_type: String,
    /// The number in the current standard. Numbers change between editions: they are for people only.
    pub number: Option<u8>,
    /// The number in the old recommendation.
    pub old_number: Option<u8>,
    /// The official Japanese title.
    pub title_ja: String,
    /// An English title.
    pub title_en: String,
    /// Words that speak for this data set wherever they occur in a file.
    pub words: Vec<String>,
    /// Words beside which the others say nothing: 駐車場 is a car park, 自転車駐車場 is not.
    pub against: Vec<String>,
    /// A table is this data set only where one of its words stands somewhere: its columns alone say too little.
    pub needs_word: bool,
    /// Classes that headers may name before the column (投票所_名称), the data set's own first.
    pub classes: Vec<String>,
    /// Columns that say what a row is about, by their official names. A row that fills none of them is no entity. Where
    /// there are none, any cell is enough.
    pub subject: Vec<String>,
    /// Columns that together tell rows apart where the publisher's number does not, by their official names. Empty for
    /// what has a name and stands somewhere: these are told apart by name, address, building and installation position.
    pub identity: Vec<String>,
    /// A column, by its official name, whose value joins the rows of one thing: those that share it and follow one
    /// another are one entity.
    pub joined_by: Option<String>,
    /// Whether it shares columns with other lists: all lists of places do, tables of a timetable do not.
    pub shares_columns: bool,
    /// The columns: its own first, then those of the groups that it includes.
    pub columns: Vec<Arc<Column>>,
    /// A file in the current standard.
    pub current: Layout,
    /// A file in the old recommendation.
    pub old: Layout,
}

impl Dataset {
    /// The column of that official name.
    pub fn column(&self, name: &str) -> Option<&Arc<Column>> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The layout of an edition.
    pub fn layout(&self, edition: Edition) -> &Layout {
        match edition {
            Edition::Current => &self.current,
            Edition::Old => &self.old,
        }
    }

    /// The columns of the standard in this data set: those of the current layout in its order, then what only the old one
    /// has. Each once.
    pub fn official(&self) -> Vec<&Column> {
        let mut official: Vec<&Column> = Vec::new();
        for field in self.current.fields.iter().chain(&self.old.fields) {
            let column: &Column = &field.column;
            if !official.iter().any(|known| std::ptr::eq(*known, column)) {
                official.push(column);
            }
        }
        official
    }

    /// How necessary the current standard makes a column in this data set.
    pub fn need(&self, column: &Column) -> Need {
        let field = self.current.fields.iter().find(|field| std::ptr::eq(&raw const *field.column, column));
        field.map_or(Need::Optional, |field| field.need)
    }
}

/// All definitions.
#[derive(Debug, Default)]
pub struct Datasets {
    supported: Vec<Arc<Dataset>>,
    /// See [`Datasets::generic`].
    generic: Arc<Dataset>,
    /// In how many data sets a column of that name occurs.
    frequency: HashMap<String, usize>,
    /// How many data sets know a header, by its key.
    known: HashMap<String, usize>,
}

/// The weight of a column that only one data set has.
const ONLY_ONE: f64 = 1.8;

/// The files of the data sets that can be imported. Adding one means adding a line here.
const FILES: &[&str] = &[
    include_str!("../../datasets/aed.toml"),
    include_str!("../../datasets/evacuation_space.toml"),
    include_str!("../../datasets/public_facility.toml"),
    include_str!("../../datasets/public_toilet.toml"),
    include_str!("../../datasets/tourism.toml"),
    include_str!("../../datasets/preschool.toml"),
    include_str!("../../datasets/food_business.toml"),
    include_str!("../../datasets/school_lunch.toml"),
    include_str!("../../datasets/school_lunch_metadata.toml"),
    include_str!("../../datasets/school_district.toml"),
    include_str!("../../datasets/support_scheme.toml"),
    include_str!("../../datasets/emergency_radio.toml"),
    include_str!("../../datasets/school.toml"),
    include_str!("../../datasets/parking.toml"),
    include_str!("../../datasets/bicycle_parking.toml"),
    include_str!("../../datasets/polling_place.toml"),
    include_str!("../../datasets/waste_sorting.toml"),
    include_str!("../../datasets/baby_station.toml"),
    include_str!("../../datasets/waste_collection_point.toml"),
    include_str!("../../datasets/tourism_point.toml"),
    include_str!("../../datasets/waste_collection_area.toml"),
    include_str!("../../datasets/waste_calendar.toml"),
    include_str!("../../datasets/cultural_property.toml"),
    include_str!("../../datasets/population.toml"),
    include_str!("../../datasets/open_data_list.toml"),
    include_str!("../../datasets/public_wireless_lan.toml"),
    include_str!("../../datasets/care_service.toml"),
    include_str!("../../datasets/hospital.toml"),
    include_str!("../../datasets/event.toml"),
    include_str!("../../datasets/fire_hydrant.toml"),
    include_str!("../../datasets/gtfs_agency.toml"),
    include_str!("../../datasets/gtfs_stops.toml"),
    include_str!("../../datasets/gtfs_routes.toml"),
    include_str!("../../datasets/gtfs_trips.toml"),
    include_str!("../../datasets/gtfs_shapes.toml"),
    include_str!("../../datasets/gtfs_calendar.toml"),
    include_str!("../../datasets/gtfs_calendar_dates.toml"),
];

impl Datasets {
    /// The definitions that are part of the program.
    pub fn published() -> &'static Self {
        static ALL: LazyLock<Datasets> = LazyLock::new(|| Datasets::read_published().unwrap_or_default());
        &ALL
    }

    /// Reads what is part of the program. A test does, so that [`Datasets::published`] is never empty.
    ///
    /// # Errors
    /// As [`Datasets::read`].
    pub fn read_published() -> Result<Self, String> {
        let common = include_str!("../../datasets/common.toml");
        let mut all = Self::read(common, FILES)?;
        let generic = file::dataset(include_str!("../../datasets/record.toml"), &file::groups(common)?)?;
        all.generic = Arc::new(generic);
        Ok(all)
    }

    /// Reads definitions: the shared groups of columns, and one text per data set.
    ///
    /// # Errors
    /// Which text is no TOML, or which data set includes a group or feeds an attribute that does not exist.
    pub fn read(common: &str, files: &[&str]) -> Result<Self, String> {
        let groups = file::groups(common)?;
        let read = |text: &&str| file::dataset(text, &groups).map(Arc::new);
        let supported: Vec<Arc<Dataset>> = files.iter().map(read).collect::<Result<_, _>>()?;
        let (mut frequency, mut known) = (HashMap::new(), HashMap::new());
        // Counting what shares no columns would make a column that all lists have look rare.
        for dataset in supported.iter().filter(|dataset| dataset.shares_columns) {
            let names: BTreeSet<&str> = dataset.columns.iter().map(|column| column.name.as_str()).collect();
            names.into_iter().for_each(|name| *frequency.entry(name.to_owned()).or_insert(0) += 1);
            let keys: BTreeSet<&str> = dataset.columns.iter().flat_map(|column| column.keys.names()).collect();
            keys.into_iter().for_each(|key| *known.entry(key.to_owned()).or_insert(0) += 1);
        }
        Ok(Self { supported, generic: Arc::default(), frequency, known })
    }

    /// The data sets that can be imported.
    pub fn supported(&self) -> &[Arc<Dataset>] {
        &self.supported
    }

    /// What is known of a table that is none of the data sets: the columns that mean the same everywhere.
    pub fn generic(&self) -> &Arc<Dataset> {
        &self.generic
    }

    /// The data set of that short name.
    pub fn get(&self, slug: &str) -> Option<&Arc<Dataset>> {
        self.supported.iter().find(|dataset| dataset.slug == slug)
    }

    /// The data sets that share columns with one another.
    fn lists(&self) -> impl Iterator<Item = &Arc<Dataset>> {
        self.supported.iter().filter(|dataset| dataset.shares_columns)
    }

    /// How much a column under a header says about which data set a file is: much if few data sets have the column and know
    /// the header, nothing if half of them do. The scale does not depend on how many data sets there are.
    pub fn weight(&self, column: &Column, header: &HeaderKey) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a handful of data sets")]
        let share = |n: usize| n as f64;
        let known = [&header.full, &header.plain].into_iter().find_map(|key| self.known.get(key)).copied().unwrap_or(1);
        let frequency = self.frequency.get(&column.name).copied().unwrap_or(1).max(known);
        let half = share(self.lists().count()) / 2.0;
        let rarity = (half / share(frequency)).max(1.0).ln() / half.max(2.0).ln();
        ONLY_ONE * rarity
    }
}
