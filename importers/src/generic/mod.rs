//! Tables that are none of the data sets: what their columns are is proposed by header and by cells.

mod facts;
mod kind;
mod propose;
mod slug;

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Fit, Reads};
use hiroba_vocab::normalise::key;
use hiroba_vocab::{Datasets, Iri, unit};

pub use propose::Proposal;
pub(crate) use slug::slug_of_part;

use crate::error::ImportError;
use crate::header::Preview;
use crate::recognise::{self, Binding, Clues};
use crate::report::Nearest;
use crate::table::{Row, Table};
use facts::{Survey, Unit};
use kind::Kind;

/// What a table of its own is made of.
struct Draft<'t> {
    names: &'t [String],
    own_iris: &'t [Iri],
    survey: Survey,
    columns: Vec<Option<Arc<Column>>>,
    proposals: Vec<Option<Proposal>>,
}

/// Takes a table for a data set of its own. Reads it once.
///
/// # Errors
/// The table cannot be read to its end.
pub(crate) fn bind(
    table: &Table,
    preview: &Preview,
    clues: Clues<'_>,
    nearest: Option<Nearest>,
) -> Result<Binding, ImportError> {
    let header = &preview.header;
    let mut survey = Survey::new(header.names.len());
    let mut rows = table.rows()?;
    let mut row = Row::default();
    while rows.next(&mut row)? {
        if row.number > header.last_row {
            survey.see(&row);
        }
    }
    let known = recognise::bind(Datasets::published().generic(), preview, clues);
    let own_iris = header.own_iris();
    let columns = vec![None; header.names.len()];
    let proposals = vec![None; header.names.len()];
    let mut draft = Draft { names: &header.names, own_iris: &own_iris, survey, columns, proposals };
    for (at, column) in known.columns.iter().enumerate() {
        if clues.geometry != Some(at) {
            let fit = column.as_ref().and_then(|column| column.fit(header.keys.get(at)?));
            draft.propose(at, column.as_ref(), fit);
        }
    }
    draft.name();
    draft.place(clues.geometry.is_some());
    draft.hours();
    draft.publisher();
    let dataset = Arc::new(dataset(preview, clues));
    let mut binding = Binding::own(dataset, draft.columns, known.score);
    binding.proposals = draft.proposals;
    binding.nearest = nearest;
    Ok(binding)
}

/// The data set that the table itself is.
pub(crate) fn dataset(preview: &Preview, clues: Clues<'_>) -> Dataset {
    let title_line = preview.header.above.iter().find(|line| (2..=60).contains(&line.chars().count()));
    let title_line = title_line.map(String::as_str).unwrap_or_default();
    let sheet = clues.sheet.filter(|sheet| !sheet.to_lowercase().starts_with("sheet")).unwrap_or_default();
    let slug = slug::slug(clues.file, &[title_line, sheet]);
    let title = [title_line.to_owned(), slug::title(clues.file), sheet.to_owned()];
    let title = title.into_iter().find(|title| !title.is_empty()).unwrap_or_else(|| clues.file.to_owned());
    Dataset { slug, title_en: title.clone(), title_ja: title, ..(**Datasets::published().generic()).clone() }
}

impl Draft<'_> {
    fn propose(&mut self, at: usize, known: Option<&Arc<Column>>, fit: Option<Fit>) {
        let (Some(header), Some(facts)) = (self.names.get(at), self.survey.columns.get(at)) else { return };
        let by_header = known.map(|column| {
            // A first column without a header was taken for the number.
            propose::by_header(header, column, fit.unwrap_or(Fit::Likeness), facts)
        });
        if let (Some(column), Some(proposal)) = (known, &by_header)
            && proposal.taken
        {
            self.columns[at] = Some(Arc::clone(column));
            self.proposals[at] = by_header;
            return;
        }
        let by_cells = propose::by_cells(header, facts);
        if let Some(proposal) = &by_cells
            && proposal.taken
        {
            self.columns[at] = self.column_of_its_own(at, proposal.reads);
        }
        self.proposals[at] = by_cells.or(by_header);
    }

    /// A column that only this file knows, under the IRI of its header.
    fn column_of_its_own(&self, at: usize, reads: Reads) -> Option<Arc<Column>> {
        let (header, facts) = (self.names.get(at)?, self.survey.columns.get(at)?);
        if matches!(reads, Reads::Text | Reads::Category) {
            return None;
        }
        let mut column = Column::of_a_file(header, reads, Some(self.own_iris.get(at)?.to_string()));
        if reads == Reads::Decimal {
            let behind = match &facts.unit {
                Unit::One(unit) => Some(unit.as_str()),
                _ => None,
            };
            column.units = behind.iter().map(|unit| (*unit).to_owned()).collect();
            column.unit = behind.or(unit::of_header(header)).and_then(unit::code).map(str::to_owned);
        } else if reads == Reads::Count {
            column.unit = unit::of_header(header).and_then(unit::code).map(str::to_owned);
        }
        Some(Arc::new(column))
    }

    fn reads(&self, at: usize) -> Option<Reads> {
        self.columns.get(at)?.as_ref().map(|column| column.reads)
    }

    fn position(&self, wanted: impl Fn(&Column) -> bool) -> Option<usize> {
        self.columns.iter().position(|column| column.as_ref().is_some_and(|column| wanted(column)))
    }

    fn has(&self, reads: Reads) -> bool {
        self.position(|column| column.reads == reads).is_some()
    }

    /// Gives a column to the shared column of that name.
    fn give(&mut self, at: usize, name: &str, why: &str) {
        let generic = Datasets::published().generic();
        if let Some(column) = generic.columns.iter().find(|column| column.name == name && column.when.is_none()) {
            let confidence = 0.9;
            self.proposals[at] = Some(Proposal { reads: column.reads, confidence, taken: true, why: why.to_owned() });
            self.columns[at] = Some(Arc::clone(column));
        }
    }

    /// Takes a column back to what its cells say, or to text.
    fn take_back(&mut self, at: usize, why: &str) {
        let facts = self.survey.columns.get(at);
        let proposal = facts.zip(self.names.get(at)).and_then(|(facts, header)| propose::by_cells(header, facts));
        self.columns[at] = match &proposal {
            Some(proposal) if proposal.taken && !is_place(proposal.reads) => self.column_of_its_own(at, proposal.reads),
            _ => None,
        };
        if self.columns[at].is_none() {
            self.proposals[at] =
                Some(Proposal { reads: Reads::Text, confidence: 0.9, taken: false, why: why.to_owned() });
        } else {
            self.proposals[at] = proposal;
        }
    }

    /// Without a column that is known to be the name, the first whose header ends like one and whose cells differ is it.
    fn name(&mut self) {
        let is_name = |column: &Column| column.reads == Reads::Name && column.part.as_deref() == Some("ja");
        if self.position(is_name).is_none() {
            let found = (0..self.names.len()).find(|at| {
                let free = matches!(self.reads(*at), None | Some(Reads::Town));
                let facts = self.survey.columns.get(*at);
                let differs =
                    facts.is_some_and(|facts| facts.filled > 0 && !facts.numbers && facts.are_mostly_different());
                free && differs && self.names.get(*at).is_some_and(|header| is_called_name(header))
            });
            if let Some(at) = found {
                self.give(at, "名称", "the header is that of a name, and most cells differ");
            }
        }
        // A reading stands beside what it reads.
        let name = self.position(is_name);
        let kana: Vec<usize> =
            (0..self.names.len()).filter(|at| matches!(self.reads(*at), Some(Reads::Kana))).collect();
        for at in kana {
            let beside = name.is_some_and(|name| name + 1 == at);
            let known = self.columns[at].as_ref().is_some_and(|column| column.feeds.as_deref() == Some("name"));
            match (name, known) {
                (Some(_), false) if beside => self.give(at, "名称_カナ", "the cells are kana, beside the name"),
                (None, true) => self.take_back(at, "there is no name of which this could be the reading"),
                _ => {}
            }
        }
    }

    /// Coordinates and addresses: a half of a position is none, and only one of each has a place.
    fn place(&mut self, has_geometry: bool) {
        let mut have: Vec<Reads> =
            if has_geometry { vec![Reads::Latitude, Reads::Longitude, Reads::LatLon] } else { Vec::new() };
        // What a header says comes before what cells say.
        let mut order: Vec<usize> = (0..self.names.len()).filter(|at| self.reads(*at).is_some_and(is_place)).collect();
        order.sort_by_key(|at| {
            self.columns[*at].as_ref().is_some_and(|column| column.feeds.as_deref().is_some_and(is_iri))
        });
        for at in order {
            let Some(reads) = self.reads(at) else { continue };
            let by_cells = self.columns[at].as_ref().is_some_and(|column| column.feeds.as_deref().is_some_and(is_iri));
            let alone = match reads {
                Reads::Latitude => !self.has(Reads::Longitude),
                Reads::Longitude => !self.has(Reads::Latitude),
                _ => false,
            };
            if have.contains(&reads) || alone {
                self.take_back(at, "another column says where it is, or its other half is missing");
                continue;
            }
            have.push(reads);
            if by_cells {
                let why = self.proposals[at].as_ref().map(|proposal| proposal.why.clone()).unwrap_or_default();
                let confidence = self.proposals[at].as_ref().map_or(propose::CERTAIN, |proposal| proposal.confidence);
                let name = match reads {
                    Reads::Latitude => "緯度",
                    Reads::Longitude => "経度",
                    Reads::LatLon => "緯度経度",
                    _ => "所在地_連結表記",
                };
                self.give(at, name, &why);
                if let Some(proposal) = &mut self.proposals[at] {
                    proposal.confidence = confidence;
                }
            }
        }
    }

    /// Days and times are opening hours of places only; of other things nobody knows what they are.
    fn hours(&mut self) {
        use Reads::{AllDay, ClosedDays, Closes, Days, Hours, Opens};
        let named = self.has(Reads::Name);
        let placed =
            [Reads::Address, Reads::Latitude, Reads::LatLon, Reads::Town].into_iter().any(|reads| self.has(reads));
        if named && placed {
            return;
        }
        for at in 0..self.names.len() {
            if matches!(self.reads(at), Some(AllDay | ClosedDays | Closes | Days | Hours | Opens)) {
                self.take_back(at, "without name and place these are not opening hours");
            }
        }
    }

    /// A code in each row that is another one each time is no publisher's; and columns that only say who publishes are all
    /// that a table of municipalities has.
    fn publisher(&mut self) {
        use Reads::{City, Number, Prefecture, PublisherCode, PublisherName};
        for at in 0..self.names.len() {
            let several =
                self.survey.columns.get(at).is_some_and(|facts| facts.distinct() != Some(1) && facts.filled > 1);
            if self.reads(at) == Some(PublisherCode) && several {
                let codes = self.survey.columns.get(at).is_some_and(|facts| facts.share(Kind::Code) > 0.9);
                let why = "the codes differ from row to row: they are no publisher's";
                self.take_back(at, why);
                if codes {
                    self.columns[at] = self.column_of_its_own(at, Reads::Code);
                }
                self.proposals[at] = Some(Proposal {
                    reads: if codes { Reads::Code } else { Reads::Text },
                    confidence: 0.9,
                    taken: codes,
                    why: why.to_owned(),
                });
            }
        }
        let publishes =
            |reads: Option<Reads>| matches!(reads, Some(City | Number | Prefecture | PublisherCode | PublisherName));
        if (0..self.names.len()).all(|at| publishes(self.reads(at))) {
            for at in (0..self.names.len()).filter(|at| self.reads(*at) != Some(Number)).collect::<Vec<_>>() {
                self.take_back(at, "the table holds nothing else");
            }
        }
    }
}

fn is_place(reads: Reads) -> bool {
    matches!(reads, Reads::Latitude | Reads::Longitude | Reads::LatLon | Reads::Address)
}

fn is_iri(feeds: &str) -> bool {
    hiroba_vocab::iri::is_absolute_iri(feeds)
}

/// Whether a header is one of a name of the thing itself: 氏名, 品名, 学校名, park name; not of a body or a place around it.
fn is_called_name(header: &str) -> bool {
    let folded = key::fold(&key::column(header));
    let others = [
        "都道府県",
        "市区町村",
        "市町村",
        "団体",
        "法人",
        "分類",
        "区分",
        "担当",
        "代表",
        "管理",
        "会社",
        "user",
        "file",
    ];
    (folded.ends_with('名') || folded.ends_with("名前") || folded.ends_with("名称") || folded.ends_with("name"))
        && !others.iter().any(|word| folded.contains(word))
}
