//! The places of an entity and the columns that fill them.

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Reads};
use hiroba_vocab::normalise::age::{AgeBand, band};
use hiroba_vocab::term::{AttributeKind, TermRole};
use hiroba_vocab::{Iri, Terms};

use super::habits::Habits;
use crate::header::Header;
use crate::recognise::Binding;

/// Which columns go where.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    pub(crate) number: Option<usize>,
    pub(crate) publisher_code: Option<usize>,
    pub(crate) languages: Vec<Language>,
    pub(crate) address: Address,
    pub(crate) location: Location,
    pub(crate) hours: Hours,
    /// Hazard codes and their columns.
    pub(crate) hazards: Vec<(String, usize)>,
    pub(crate) compounds: Vec<Compound>,
    /// Whom a column counts, and the column.
    pub(crate) ages: Vec<(AgeBand, usize)>,
    /// Whom a row counts.
    pub(crate) gender: Option<usize>,
    /// The day that a row describes.
    pub(crate) survey_date: Option<usize>,
    /// First and last day in one cell.
    pub(crate) event_dates: Option<usize>,
    pub(crate) gathered: Vec<Gathered>,
    pub(crate) simple: Vec<Simple>,
    /// What is collected, where the column says it, and the column with the days.
    pub(crate) schedule: Vec<(Option<String>, usize)>,
    /// Columns that stand for a group of areas in a calendar.
    pub(crate) groups: Vec<usize>,
    /// Columns that are published under their own name, and whether they hold nothing but circles and crosses.
    pub(crate) own: Vec<(usize, bool)>,
    /// Columns that say who publishes: filled even in rows that say nothing else.
    pub(crate) identity: Vec<usize>,
}

/// A LanguageProperty and the columns of its languages.
#[derive(Debug)]
pub(crate) struct Language {
    pub(crate) iri: Iri,
    pub(crate) is_name: bool,
    pub(crate) parts: Vec<(String, usize, Reads)>,
}

/// The columns of the address.
#[derive(Debug, Default)]
pub(crate) struct Address {
    pub(crate) full: Option<usize>,
    pub(crate) region: Option<usize>,
    pub(crate) locality: Option<usize>,
    pub(crate) town: Option<usize>,
    /// 丁目, where it stands apart from the town.
    pub(crate) chome: Option<usize>,
    pub(crate) lot: Option<usize>,
    pub(crate) building: Option<usize>,
    pub(crate) place_code: Option<usize>,
    pub(crate) town_id: Option<usize>,
    pub(crate) postal_code: Option<usize>,
    /// 都道府県名 and 市区町村名 of the old layout.
    pub(crate) prefecture: Option<usize>,
    pub(crate) city: Option<usize>,
}

/// The columns of the position.
#[derive(Debug, Default)]
pub(crate) struct Location {
    pub(crate) latitude: Option<usize>,
    pub(crate) longitude: Option<usize>,
    pub(crate) both: Option<usize>,
    pub(crate) geometry: Option<usize>,
}

/// The columns of the opening hours.
#[derive(Debug, Default)]
pub(crate) struct Hours {
    pub(crate) days: Option<usize>,
    pub(crate) closed: Option<usize>,
    pub(crate) opens: Option<usize>,
    pub(crate) closes: Option<usize>,
    pub(crate) hours: Option<usize>,
    pub(crate) all_day: Option<usize>,
}

/// An attribute whose value is an object, and the columns of its keys.
#[derive(Debug)]
pub(crate) struct Compound {
    pub(crate) iri: Iri,
    pub(crate) parts: Vec<Part>,
    /// Each of the rows that are one thing has an object of its own: the files of a data set.
    pub(crate) by_row: bool,
}

/// A key of a compound attribute.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) key: String,
    pub(crate) column: usize,
    pub(crate) is: Arc<Column>,
}

/// An attribute that several columns give items to.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) iri: Iri,
    /// The columns and how each is read.
    pub(crate) columns: Vec<(usize, Reads, Arc<Column>)>,
    pub(crate) subs: Vec<Sub>,
}

/// An attribute of one column.
#[derive(Debug)]
pub(crate) struct Simple {
    pub(crate) iri: Iri,
    pub(crate) column: usize,
    pub(crate) is: Arc<Column>,
    pub(crate) unit: Option<String>,
    pub(crate) subs: Vec<Sub>,
}

/// A sub-attribute of one column.
#[derive(Debug)]
pub(crate) struct Sub {
    pub(crate) iri: Iri,
    pub(crate) column: usize,
    pub(crate) is: Arc<Column>,
}

impl Slots {
    pub(crate) fn new(
        binding: &Binding,
        header: &Header,
        habits: &Habits,
        own_iris: &[Iri],
        geometry: Option<usize>,
    ) -> Self {
        let (columns, skipped) = (&binding.columns, &binding.skipped);
        let hazards: Vec<&str> = binding
            .dataset
            .columns
            .iter()
            .filter_map(|column| (column.reads == Reads::Hazard).then_some(column.part.as_deref()?))
            .collect();
        let mut slots = Self { number: habits.number, ..Self::default() };
        slots.location.geometry = geometry;
        for (at, column) in columns.iter().enumerate() {
            if geometry == Some(at) || skipped.contains(&at) {
                continue;
            }
            match column {
                None => slots.own.push((at, habits.circles.get(at).copied().unwrap_or(false))),
                // Nothing but circles where a text was expected: it says that there is what the header names.
                Some(column) if column.reads == Reads::Text && habits.circles.get(at) == Some(&true) => {
                    slots.gather(Terms::published().iri("amenityFeature"), at, Reads::Amenity, column);
                }
                Some(column) if column.reads == Reads::AgeBand => {
                    // A header of the city's own says it itself; an English one only by the column that it is.
                    match band(&header.names[at]).or_else(|| band(&column.name)) {
                        Some(band) if slots.ages.iter().all(|(known, _)| *known != band) => slots.ages.push((band, at)),
                        _ => slots.own.push((at, false)),
                    }
                }
                Some(column) => slots.place(at, column),
            }
        }
        slots.attach(columns, own_iris, skipped);
        // In the order of the definition, so that the order of columns changes no list.
        slots.hazards.sort_by_key(|(code, _)| hazards.iter().position(|hazard| hazard == code));
        let defined = |at: usize| {
            let bound = columns.get(at)?.as_ref()?;
            binding.dataset.columns.iter().position(|column| Arc::ptr_eq(column, bound))
        };
        // Among headers of the publisher's own the shorter are first: 9 is before 10.
        let header = |at: usize| header.names.get(at).map(|name| (name.chars().count(), name));
        slots.schedule.sort_by_key(|(_, at)| (defined(*at), header(*at)));
        slots.groups.sort_by_key(|at| header(*at));
        slots
    }

    /// Puts a column into its slot.
    fn place(&mut self, at: usize, column: &Arc<Column>) {
        let part = column.part.as_deref().unwrap_or_default();
        let slot = match column.reads {
            Reads::PublisherCode => &mut self.publisher_code,
            Reads::Address => &mut self.address.full,
            Reads::Region => &mut self.address.region,
            Reads::Locality => &mut self.address.locality,
            Reads::Town => &mut self.address.town,
            Reads::Lot if column.name == "丁目" => &mut self.address.chome,
            Reads::Lot => &mut self.address.lot,
            Reads::Building => &mut self.address.building,
            Reads::PlaceCode => &mut self.address.place_code,
            Reads::TownId => &mut self.address.town_id,
            Reads::PostalCode if column.feeds.as_deref() == Some("address") => &mut self.address.postal_code,
            Reads::Prefecture => &mut self.address.prefecture,
            Reads::City => &mut self.address.city,
            Reads::Latitude => &mut self.location.latitude,
            Reads::Longitude => &mut self.location.longitude,
            Reads::LatLon => &mut self.location.both,
            Reads::Days => &mut self.hours.days,
            Reads::ClosedDays => &mut self.hours.closed,
            Reads::Opens => &mut self.hours.opens,
            Reads::Closes => &mut self.hours.closes,
            Reads::Hours => &mut self.hours.hours,
            Reads::AllDay => &mut self.hours.all_day,
            Reads::Hazard => return self.hazards.push((part.to_owned(), at)),
            Reads::Recurrence => return self.schedule.push((column.part.clone(), at)),
            Reads::GroupCell => return self.groups.push(at),
            Reads::SurveyDate => &mut self.survey_date,
            Reads::Text if part == "gender" => &mut self.gender,
            Reads::EventDates => &mut self.event_dates,
            // The publisher is said of the data set; the datum is said beside it, for what it is.
            Reads::PublisherName => return self.identity.push(at),
            Reads::Datum => return self.own.push((at, false)),
            Reads::Number if self.number == Some(at) => return,
            Reads::Number => return self.own.push((at, false)),
            _ => return self.value(at, column, part),
        };
        *slot = Some(at);
        if matches!(column.reads, Reads::PublisherCode | Reads::Prefecture | Reads::City) {
            self.identity.push(at);
        }
    }

    /// Puts a column that is a value of its own.
    fn value(&mut self, at: usize, column: &Arc<Column>, part: &str) {
        let terms = Terms::published();
        let Some(feeds) = column.feeds.as_deref() else {
            return self.own.push((at, false));
        };
        let iri = terms.iri(feeds);
        let term = terms.get(feeds);
        // A text of which a mapping says the language is one by its language, whatever it is called.
        let language = match term {
            Some(term) => term.role == TermRole::Attribute(AttributeKind::Language),
            None => column.part.is_some(),
        };
        if column.of.is_some() {
            // Attached once all attributes are there.
        } else if language {
            let found = self.languages.iter_mut().find(|language| language.iri == iri);
            match found {
                // The data set's own name comes first: another one is no second name in the same language.
                Some(language) if language.parts.iter().any(|(known, ..)| known == part) => self.own.push((at, false)),
                Some(language) => language.parts.push((part.to_owned(), at, column.reads)),
                None => self.languages.push(Language {
                    iri,
                    is_name: feeds == "name",
                    parts: vec![(part.to_owned(), at, column.reads)],
                }),
            }
        } else if column.part.is_some() && column.reads != Reads::Reference {
            let part = Part { key: part.to_owned(), column: at, is: Arc::clone(column) };
            match self.compounds.iter_mut().find(|compound| compound.iri == iri) {
                Some(compound) => compound.parts.push(part),
                None => self.compounds.push(Compound { iri, parts: vec![part], by_row: feeds == "distribution" }),
            }
        } else if column.many && column.reads != Reads::Number {
            self.gather(iri, at, column.reads, column);
        } else if self.simple.iter().any(|simple| simple.iri == iri) {
            self.own.push((at, false));
        } else {
            let unit = term.and_then(|term| term.unit.clone()).or_else(|| column.unit.clone());
            self.simple.push(Simple { iri, column: at, is: Arc::clone(column), unit, subs: Vec::new() });
        }
    }

    /// Puts a column beside those that give items to the same attribute.
    fn gather(&mut self, iri: Iri, at: usize, reads: Reads, column: &Arc<Column>) {
        let item = (at, reads, Arc::clone(column));
        match self.gathered.iter_mut().find(|gathered| gathered.iri == iri) {
            Some(gathered) => gathered.columns.push(item),
            None => self.gathered.push(Gathered { iri, columns: vec![item], subs: Vec::new() }),
        }
    }

    /// Attaches sub-attributes to the attributes that they are about; without one they stand for themselves.
    fn attach(&mut self, columns: &[Option<Arc<Column>>], own_iris: &[Iri], skipped: &[usize]) {
        let terms = Terms::published();
        for (at, column) in columns.iter().enumerate() {
            let Some(column) = column.as_ref().filter(|_| !skipped.contains(&at)) else { continue };
            let (Some(of), Some(feeds)) = (&column.of, &column.feeds) else { continue };
            let (parent, iri) = (terms.iri(of), terms.iri(feeds));
            let simple = self.simple.iter_mut().map(|simple| (&simple.iri, &mut simple.subs));
            let gathered = self.gathered.iter_mut().map(|gathered| (&gathered.iri, &mut gathered.subs));
            match simple.chain(gathered).find(|(iri, _)| **iri == parent).map(|(_, subs)| subs) {
                Some(subs) if subs.iter().all(|sub| sub.iri != iri) => {
                    subs.push(Sub { iri, column: at, is: Arc::clone(column) });
                }
                _ => self.own.push((at, false)),
            }
        }
        self.own.retain(|(at, _)| *at < own_iris.len());
    }
}
