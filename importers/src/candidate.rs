//! Which tables of a file are imported, and as what.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::{Dataset, Datasets};

use crate::error::ImportError;
use crate::generic;
use crate::gtfs;
use crate::header::{self, Preview};
use crate::left_out::LeftOut;
use crate::mapping::{self, Mapping};
use crate::options::Options;
use crate::recognise::{self, Clues};
use crate::report::Nearest;
use crate::source::{Archive, Input, Kind, Member, Source};
use crate::table::Table;

/// A table with its header and data set.
pub(crate) struct Candidate {
    pub(crate) source: Source,
    pub(crate) table: Table,
    pub(crate) preview: Preview,
    pub(crate) binding: recognise::Binding,
    /// The mapping by which it is read.
    pub(crate) mapping: Option<Mapping>,
}

/// A table that fits no data set.
struct Unfit {
    /// What it is called in its file.
    name: String,
    source: Source,
    table: Table,
    preview: Preview,
    nearest: Option<Nearest>,
}

/// What a table is.
enum Found {
    Fits(Box<Candidate>),
    FitsNone(Box<Unfit>),
}

impl Candidate {
    /// A table of which it is known what it is.
    ///
    /// # Errors
    /// It has no header, or there is no data set of that name.
    pub(crate) fn named(source: &Source, table: Table, slug: &str) -> Result<Self, ImportError> {
        let file = source.input.name();
        let preview = header::find(&table, &file, None)?;
        let own_name = source.input.own_name();
        let binding = recognise::bind(named_dataset(slug, &file)?, &preview, clues(&table, &own_name));
        Ok(Self { source: source.clone(), table, preview, binding, mapping: None })
    }

    /// Finds header and data set of a table. `alone` is the only one of its file, and a mapping is for it.
    fn of(name: &str, source: &Source, table: Table, options: &Options, alone: bool) -> Result<Found, ImportError> {
        let file = source.input.name();
        let mut mapping = options.mapping.as_ref();
        let mut preview = header::find(&table, &file, mapping)?;
        if let Some(given) = mapping
            && !alone
            && given.fits(&preview.header.keys) * 2 <= given.columns.len()
        {
            // It is that of another table.
            mapping = None;
            preview = header::find(&table, &file, None)?;
        }
        let mapping = match (mapping, &options.mapping, &options.dataset, &options.mappings) {
            (None, None, None, Some(folder)) => mapping::in_folder(folder, &preview.header)?,
            (mapping, ..) => mapping.cloned(),
        };
        let own_name = source.input.own_name();
        let clues = clues(&table, &own_name);
        let binding = match (&mapping, &options.dataset) {
            (Some(mapping), _) => Ok(mapping::apply(mapping, &preview, clues)?),
            (None, Some(slug)) => Ok(recognise::bind(named_dataset(slug, &file)?, &preview, clues)),
            (None, None) => recognise::recognise(&preview, clues),
        };
        match binding {
            Ok(binding) => Ok(Found::Fits(Box::new(Self { source: source.clone(), table, preview, binding, mapping }))),
            // A header without rows under it is no table.
            Err(_) if preview.sample.iter().all(|row| row.filled().next().is_none()) => Err(header::none(&file, 1)),
            Err(nearest) => {
                let (name, source) = (name.to_owned(), source.clone());
                Ok(Found::FitsNone(Box::new(Unfit { name, source, table, preview, nearest })))
            }
        }
    }

    /// Whether the table would be recognised as the data set that it is bound to.
    fn is_recognised(&self) -> bool {
        let file = self.source.input.own_name();
        recognise::recognise(&self.preview, clues(&self.table, &file))
            .is_ok_and(|binding| binding.dataset.slug == self.binding.dataset.slug)
    }

    /// How well it fits. Of tables of their own the one with most cells comes first.
    fn rank(&self) -> (bool, f64) {
        let cells: usize = self.preview.sample.iter().map(|row| row.filled().count()).sum();
        #[expect(clippy::cast_precision_loss, reason = "the cells of a few hundred rows")]
        let cells = cells as f64;
        let is_own = self.binding.is_own && self.mapping.is_none();
        if is_own { (false, cells) } else { (true, self.binding.score) }
    }
}

/// The tables of a file that are imported, and what is not.
#[derive(Default)]
pub(crate) struct Candidates {
    tables: Vec<Candidate>,
    unfit: Vec<Unfit>,
    left_out: Vec<LeftOut>,
    failure: Option<ImportError>,
    /// The file's name.
    file: String,
}

impl Candidates {
    /// Looks at every table of a file.
    ///
    /// # Errors
    /// The file as a whole, or a mapping for it, cannot be read.
    pub(crate) fn search(input: Input, options: &Options) -> Result<Self, ImportError> {
        let source = Source::examine(input)?;
        let mut options = options.clone();
        if let (None, None, Input::Path(path)) = (&options.mapping, &options.dataset, &source.input) {
            options.mapping = mapping::beside(path)?;
        }
        options.sheet = options.sheet.or_else(|| options.mapping.as_ref()?.sheet.clone());
        let mut found = Self { file: source.input.name(), ..Self::default() };
        if source.kind == Kind::Zip {
            found.archive(&source, &options)?;
        } else {
            found.file(&source, &options)?;
        }
        if let Some(mapping) = &options.mapping
            && found.tables.iter().all(|table| table.mapping.is_none())
        {
            return Err(found.without_mapped(mapping));
        }
        found.only_what_was_asked_for(&options);
        found.settle();
        Ok(found)
    }

    /// The one that fits best; of several that fit equally well, the first.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn into_best(self) -> Result<Candidate, ImportError> {
        let better = |best: Candidate, next: Candidate| if next.rank() > best.rank() { next } else { best };
        self.tables.into_iter().reduce(better).ok_or_else(|| none(self.failure, self.file))
    }

    /// All of them, and what is left out.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn into_all(self) -> Result<(Vec<Candidate>, Vec<LeftOut>), ImportError> {
        if self.tables.is_empty() { Err(none(self.failure, self.file)) } else { Ok((self.tables, self.left_out)) }
    }

    /// The tables of a file that is no archive.
    fn file(&mut self, source: &Source, options: &Options) -> Result<(), ImportError> {
        let tables = wanted_sheets(Table::all(source)?, &source.input.name(), options)?;
        let alone = tables.len() == 1 && !matches!(source.input, Input::Member(_));
        for table in tables {
            let name = name_in_file(source, &table);
            match Candidate::of(&name, source, table, options, alone) {
                Ok(Found::Fits(candidate)) => self.tables.push(*candidate),
                Ok(Found::FitsNone(unfit)) => self.unfit.push(*unfit),
                Err(error) => self.leave_out(name, error),
            }
        }
        Ok(())
    }

    /// The members of an archive. What is wrong with one of them keeps none of the others out.
    fn archive(&mut self, source: &Source, options: &Options) -> Result<(), ImportError> {
        let Archive { members, left_out } = Archive::open(&source.input)?;
        self.left_out.extend(left_out);
        let (feeds, members) = gtfs::feeds(members);
        for feed in feeds {
            let (tables, left_out) = feed.tables(options)?;
            self.tables.extend(tables);
            self.left_out.extend(left_out);
        }
        for member in members {
            let name = member.path().to_owned();
            if let Err(error) = self.member(member, options) {
                self.leave_out(name, error);
            }
        }
        if self.tables.is_empty() && self.unfit.is_empty() && self.failure.is_none() {
            let names: Vec<&str> = self.left_out.iter().map(|left| left.name.as_str()).take(5).collect();
            self.failure = Some(ImportError::WrongKind {
                file: source.input.name(),
                what: format!("a ZIP archive without a table ({})", names.join(", ")),
                advice: "Put CSV, Excel or GeoJSON files into it.".to_owned(),
            });
        }
        Ok(())
    }

    fn member(&mut self, member: Member, options: &Options) -> Result<(), ImportError> {
        let source = Source::examine(Input::Member(member))?;
        if source.kind == Kind::Zip {
            return Err(ImportError::WrongKind {
                file: source.input.name(),
                what: "an archive inside an archive".to_owned(),
                advice: "Unpack it and give it by itself.".to_owned(),
            });
        }
        self.file(&source, options)
    }

    fn leave_out(&mut self, name: String, error: ImportError) {
        self.left_out.push(LeftOut::new(name, &error));
        self.failure.get_or_insert(error);
    }

    /// Why no table is read by the mapping that there is.
    fn without_mapped(self, mapping: &Mapping) -> ImportError {
        let is_empty = self.tables.is_empty() && self.unfit.is_empty();
        match self.failure {
            Some(error) if is_empty || matches!(error, ImportError::Mapping { .. }) => error,
            _ => mapping::is_for_none(mapping),
        }
    }

    /// Decides about the tables that fit no data set: beside one that fits they are explanations, code lists and the like;
    /// by themselves they are data sets of their own.
    fn settle(&mut self) {
        let is_alone = self.tables.is_empty();
        for unfit in std::mem::take(&mut self.unfit) {
            let Unfit { name, source, table, preview, nearest } = unfit;
            if !is_alone {
                let reason = match &table.sheet {
                    Some(_) => [
                        "no data set fits it, and another table fits one. Choose it with --sheet to import it as a data set of \
                         its own.",
                        "合うデータセットがなく、ほかの表には合うものがあります。独自の一覧として取り込むには、シート名を指定してください。",
                    ],
                    None => [
                        "no data set fits it, and another table fits one. Give it by itself to import it as a data set of its \
                         own.",
                        "合うデータセットがなく、ほかの表には合うものがあります。独自の一覧として取り込むには、それだけを指定してください。",
                    ],
                };
                self.left_out.push(LeftOut::new(name, reason));
                continue;
            }
            if preview.header.is_prose() && table.geometry.is_none() {
                self.leave_out(
                    name.clone(),
                    ImportError::WrongKind {
                        file: name,
                        what: "a text without columns".to_owned(),
                        advice: "Give the file with the table: its header names the columns.".to_owned(),
                    },
                );
                continue;
            }
            let file = source.input.own_name();
            match generic::bind(&table, &preview, clues(&table, &file), nearest) {
                Ok(binding) => self.tables.push(Candidate { source, table, preview, binding, mapping: None }),
                Err(error) => self.leave_out(name, error),
            }
        }
        self.tell_slugs_apart();
    }

    /// Tables of one workbook would bear its name, all of them: each gets its sheet's name too.
    fn tell_slugs_apart(&mut self) {
        let mut times: HashMap<String, usize> = HashMap::new();
        let own = |table: &Candidate| table.binding.is_own && table.mapping.is_none();
        for table in self.tables.iter().filter(|table| own(table)) {
            *times.entry(table.binding.dataset.slug.clone()).or_default() += 1;
        }
        for table in self.tables.iter_mut().filter(|table| own(table)) {
            if times.get(&table.binding.dataset.slug).is_some_and(|times| *times > 1) {
                let name = name_in_file(&table.source, &table.table);
                let dataset = Arc::make_mut(&mut table.binding.dataset);
                dataset.slug = generic::slug_of_part(&dataset.slug, &name);
                dataset.title_ja = format!("{} {name}", dataset.title_ja);
                dataset.title_en = format!("{} {name}", dataset.title_en);
            }
        }
    }

    /// Of several tables that were all taken for the data set that the options name, those that look like it; the best
    /// one, if none does.
    fn only_what_was_asked_for(&mut self, options: &Options) {
        let Some(slug) = &options.dataset else { return };
        if self.tables.len() < 2 {
            return;
        }
        let mut keep: Vec<bool> = self.tables.iter().map(Candidate::is_recognised).collect();
        if !keep.contains(&true) {
            let score = |at: &usize| self.tables.get(*at).map_or(0.0, |table| table.binding.score);
            // The first of equals.
            let best = (0..keep.len()).rev().max_by(|a, b| score(a).total_cmp(&score(b)));
            keep.iter_mut().enumerate().for_each(|(at, keep)| *keep = Some(at) == best);
        }
        let mut kept = keep.into_iter();
        let mut dropped = Vec::new();
        self.tables.retain(|table| {
            let keep = kept.next().unwrap_or(true);
            if !keep {
                dropped.push(name_in_file(&table.source, &table.table));
            }
            keep
        });
        let reason = [format!("it does not look like {slug}."), format!("{slug}の一覧には見えません。")];
        self.left_out.extend(dropped.into_iter().map(|name| LeftOut::new(name, reason.clone())));
    }
}

/// What a table is called in its file: a sheet of a workbook in an archive is named after both.
fn name_in_file(source: &Source, table: &Table) -> String {
    match (&source.input, &table.sheet) {
        (Input::Member(member), Some(sheet)) => format!("{}: {sheet}", member.path()),
        (Input::Member(member), None) => member.path().to_owned(),
        (_, Some(sheet)) => sheet.clone(),
        (_, None) => source.input.own_name(),
    }
}

fn clues<'c>(table: &'c Table, file: &'c str) -> Clues<'c> {
    Clues { file, sheet: table.sheet.as_deref(), geometry: table.geometry, cut_names: table.cut_names }
}

/// The data set of a short name that a person gave.
fn named_dataset(slug: &str, file: &str) -> Result<&'static Arc<Dataset>, ImportError> {
    let datasets = Datasets::published();
    datasets.get(slug).ok_or_else(|| ImportError::Unknown {
        file: file.to_owned(),
        what: "data set",
        name: slug.to_owned(),
        known: datasets.supported().iter().map(|d| d.slug.as_str()).collect::<Vec<_>>().join(", "),
    })
}

fn none(failure: Option<ImportError>, file: String) -> ImportError {
    failure.unwrap_or(ImportError::Empty { file })
}

fn wanted_sheets(tables: Vec<Table>, file: &str, options: &Options) -> Result<Vec<Table>, ImportError> {
    let Some(wanted) = &options.sheet else { return Ok(tables) };
    let known = tables.iter().filter_map(|table| table.sheet.clone()).collect::<Vec<_>>().join(", ");
    let found: Vec<Table> = tables.into_iter().filter(|table| table.sheet.as_ref() == Some(wanted)).collect();
    if found.is_empty() {
        return Err(ImportError::Unknown { file: file.to_owned(), what: "sheet", name: wanted.clone(), known });
    }
    Ok(found)
}
