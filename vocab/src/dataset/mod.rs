//! The standard municipal data sets: what each column means. The definitions are data, in `datasets/*.toml`; nothing
//! about a single data set is in code.

mod column;
mod file;
mod layout;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

pub use column::{Column, Fit, Need, Reads};
pub use layout::Place;

use crate::normalise::key::fold;

/// A data set that can be imported.
#[derive(Debug)]
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
    /// Columns that say what a row is about, by their official names. A row that fills none of them is no entity. Where
    /// there are none, any cell is enough.
    pub subject: Vec<String>,
    /// Columns that together tell rows apart where the publisher's number does not, by their official names. Empty for
    /// what has a name and stands somewhere: these are told apart by name, address, building and installation position.
    pub identity: Vec<String>,
    /// The columns of the current standard in the order of its files. Where the definition does not say it, the usual
    /// order of such files.
    pub layout: Vec<Place>,
    /// The same for the old recommendation.
    pub old_layout: Vec<Place>,
    /// The columns: its own first, then those of the groups that it includes.
    pub columns: Vec<Arc<Column>>,
}

impl Dataset {
    /// The column of that official name.
    pub fn column(&self, name: &str) -> Option<&Arc<Column>> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A data set that is known and cannot be imported by this version.
#[derive(Debug)]
pub struct OtherDataset {
    /// The short name.
    pub slug: String,
    /// The Japanese title.
    pub title_ja: String,
    /// An English title.
    pub title_en: String,
    /// Words that speak for it.
    pub words: Vec<String>,
    /// Keys of headers that occur in no other data set.
    pub headers: Vec<String>,
}

/// All definitions.
#[derive(Debug, Default)]
pub struct Datasets {
    supported: Vec<Arc<Dataset>>,
    others: Vec<OtherDataset>,
    /// In how many data sets a column of that name occurs.
    frequency: HashMap<String, usize>,
}

/// The files of the data sets that can be imported. Adding one means adding a line here.
const FILES: &[&str] = &[
    include_str!("../../datasets/aed.toml"),
    include_str!("../../datasets/evacuation_space.toml"),
    include_str!("../../datasets/public_facility.toml"),
    include_str!("../../datasets/public_toilet.toml"),
    include_str!("../../datasets/tourism.toml"),
    include_str!("../../datasets/preschool.toml"),
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
        let (common, others) = (include_str!("../../datasets/common.toml"), include_str!("../../datasets/others.toml"));
        Self::read(common, FILES, others)
    }

    /// Reads definitions: the shared groups of columns, one text per data set, and the list of other data sets.
    ///
    /// # Errors
    /// Which text is no TOML, or which data set includes a group or feeds an attribute that does not exist.
    pub fn read(common: &str, files: &[&str], others: &str) -> Result<Self, String> {
        let groups = file::groups(common)?;
        let read = |text: &&str| file::dataset(text, &groups).map(Arc::new);
        let supported: Vec<Arc<Dataset>> = files.iter().map(read).collect::<Result<_, _>>()?;
        let others = file::others(others)?;
        let mut frequency = HashMap::new();
        for dataset in &supported {
            let names: BTreeSet<&str> = dataset.columns.iter().map(|column| column.name.as_str()).collect();
            names.into_iter().for_each(|name| *frequency.entry(name.to_owned()).or_insert(0) += 1);
        }
        Ok(Self { supported, others, frequency })
    }

    /// The data sets that can be imported.
    pub fn supported(&self) -> &[Arc<Dataset>] {
        &self.supported
    }

    /// The data sets that are known by name only.
    pub fn others(&self) -> &[OtherDataset] {
        &self.others
    }

    /// The data set of that short name.
    pub fn get(&self, slug: &str) -> Option<&Arc<Dataset>> {
        self.supported.iter().find(|dataset| dataset.slug == slug)
    }

    /// How much a column says about which data set a file is: much if few data sets have it, nothing if all do.
    pub fn weight(&self, column: &Column) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a handful of data sets")]
        let share = |n: usize| n as f64;
        let frequency = self.frequency.get(&column.name).copied().unwrap_or(1).max(1);
        (share(self.supported.len().max(1)) / share(frequency)).ln()
    }
}

impl OtherDataset {
    /// Whether a header is one that only this data set has.
    pub fn has_header(&self, header: &str) -> bool {
        self.headers.contains(&fold(header))
    }
}
