//! From a row to an entity.

mod address;
mod age;
mod attribute;
mod compound;
mod event;
mod hazard;
mod hours;
mod id;
mod location;
mod survey;
mod value;
mod waste;

use std::borrow::Cow;
use std::io;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{published, text, trim};
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::flag::is_circle;
use hiroba_vocab::normalise::kana::katakana;
use hiroba_vocab::{Issue, Issues, Level};
use ngsild::entity::{LanguageMap, OneOrMany};
use ngsild::{Attribute, AttributeValue, DateTime, Entity};
use serde_json::Value as Json;

pub(crate) use attribute::names;
use id::Place;
pub(crate) use id::{ENCODED, Ids, id_parts, is_made, type_name};

use crate::plan::{Language, Plan};
use crate::report::Recorder;
use crate::table::Row;

/// Why a row is no entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The header of the column concerned.
    pub(crate) column: String,
    /// What stands there.
    pub(crate) value: String,
    /// A sentence.
    pub(crate) reason: String,
    /// The same in Japanese.
    pub(crate) reason_ja: &'static str,
}

/// Builds entities, one row after the other.
pub(crate) struct Builder<'p> {
    plan: &'p Plan,
    ids: Ids,
    /// How many attributes the last entity had: the next one will have about as many.
    attributes: usize,
    /// Whether the last entity has a position.
    pub(crate) located: bool,
}

/// A row on its way to an entity.
struct Draft<'r> {
    plan: &'r Plan,
    row: &'r Row,
    recorder: &'r mut Recorder,
    entity: Entity,
    /// The publisher of this row.
    home: Option<LocalGovernmentCode>,
    /// The rows after it that are part of the same thing.
    more: &'r [Row],
    /// When its counts were observed.
    observed_at: Option<DateTime>,
    /// The full address as published, for the id.
    address_text: String,
}

impl<'p> Builder<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        Self { plan, ids: Ids::default(), attributes: 0, located: false }
    }

    /// The entity of a row, and of the rows after it that are part of the same thing; or a [`Refusal`] when the row lacks
    /// what the data set requires of it: a name, as a rule.
    ///
    /// # Errors
    /// The temporary file that remembers ids cannot be used.
    pub(crate) fn entity(
        &mut self,
        row: &Row,
        more: &[Row],
        recorder: &mut Recorder,
    ) -> io::Result<Result<Box<Entity>, Refusal>> {
        let plan = self.plan;
        if let Some(first) = plan.subject.first()
            && plan.needs_subject()
            && plan.subject.iter().all(|at| published(row.cell(*at)).is_err())
        {
            return Ok(Err(Refusal {
                column: plan.header.names[*first].clone(),
                value: trim(row.cell(*first)).to_owned(),
                reason: if plan.reads(*first) == Some(Reads::Name) {
                    "the row has no name. Fill it in, or take the row out.".to_owned()
                } else {
                    "the row does not say what it is about. Fill it in, or take the row out.".to_owned()
                },
                reason_ja: if plan.reads(*first) == Some(Reads::Name) {
                    "名称がありません。名称を記入するか、行を除いてください。"
                } else {
                    "何についての行か分かりません。記入するか、行を除いてください。"
                },
            }));
        }
        let publisher = self.ids.publisher(plan, row, recorder);
        let id = self.ids.draft(plan, publisher);
        let mut draft = Draft {
            plan,
            row,
            recorder,
            entity: Entity::new(id, plan.entity_type.clone(), plan.now),
            home: (publisher != LocalGovernmentCode::UNKNOWN).then_some(publisher),
            more,
            observed_at: None,
            address_text: String::new(),
        };
        draft.entity.attributes.reserve(self.attributes);
        for language in &plan.slots.languages {
            draft.language(language);
        }
        draft.number();
        draft.address();
        draft.location();
        let day = draft.survey_date();
        draft.simple();
        draft.ages();
        draft.gathered();
        draft.compounds();
        draft.event_dates();
        draft.hours();
        draft.hazards();
        draft.collection_schedule();
        draft.waste_collections();
        draft.own();
        draft.put(&names().in_dataset, AttributeValue::Relationship(OneOrMany::One(plan.dataset.clone())));
        let Draft { mut entity, address_text, .. } = draft;
        self.attributes = entity.attributes.len();
        self.located = entity.attributes.contains_key(&names().location);
        entity.id = self.ids.of(plan, row, &Place { publisher, address: &address_text, day }, recorder)?;
        Ok(Ok(Box::new(entity)))
    }
}

impl<'r> Draft<'r> {
    /// The cell of a column, if the table has the column.
    fn cell(&self, column: Option<usize>) -> &'r str {
        let row = self.row;
        column.map_or("", |column| row.cell(column))
    }

    /// Adds an attribute without anything beside its value.
    fn put(&mut self, iri: &hiroba_vocab::Iri, value: AttributeValue) {
        self.entity.attributes.insert(iri.clone(), vec![Attribute::new(value, self.plan.now)]);
    }

    /// Adds an attribute with what there is to say about its value.
    fn put_noted(&mut self, iri: &hiroba_vocab::Iri, value: AttributeValue, issues: Issues, source: &str) {
        let attribute = self.noted(value, issues, source);
        self.entity.attributes.insert(iri.clone(), vec![attribute]);
    }

    /// An attribute with the source text beside a changed value, and the codes beside a doubtful one.
    fn noted(&self, value: AttributeValue, issues: Issues, source: &str) -> Attribute {
        let mut attribute = Attribute::new(value, self.plan.now);
        if issues.is_empty() {
            return attribute;
        }
        let now = self.plan.now;
        let mut add = |iri: &hiroba_vocab::Iri, value: Json| {
            attribute.attributes.insert(iri.clone(), vec![Attribute::new(AttributeValue::Property(value), now)]);
        };
        if issues.any(Level::Changed) {
            add(&names().source_value, Json::from(source));
        }
        if issues.any(Level::Doubtful) {
            let codes =
                issues.iter().filter(|issue| issue.level() == Level::Doubtful).map(|issue| Json::from(issue.code()));
            add(&names().data_issues, codes.collect());
        }
        attribute
    }

    /// Records what was noticed in a cell.
    fn note(&mut self, column: usize, issues: Issues) {
        if !issues.is_empty() {
            self.recorder.note(self.row.number, Some(column), issues, self.row.cell(column));
        }
    }

    /// Keeps the text of a cell that could not be read, under the column's own name.
    fn keep(&mut self, column: usize) {
        let text = trim(self.row.cell(column));
        if !text.is_empty() {
            let iri = self.plan.own_iris[column].clone();
            self.put(&iri, AttributeValue::Property(Json::from(text)));
        }
    }

    /// A LanguageProperty from the columns of its languages. Texts are published as they are: folding a name would make
    /// it another name.
    fn language(&mut self, language: &Language) {
        let mut map = LanguageMap::with_capacity_and_hasher(language.parts.len(), ahash::RandomState::default());
        let mut all = Issues::NONE;
        let mut source = "";
        for (tag, column, reads) in &language.parts {
            let cell = self.row.cell(*column);
            let reading = if *reads == Reads::Kana { katakana(cell) } else { text(cell).map(Cow::into_owned) };
            self.note(*column, reading.issues());
            match reading {
                Reading::Value(text, issues) => {
                    // A list that is not Japanese does not say in which language it is.
                    let tag = if self.plan.frame.abroad && *tag == "ja" { ngsild::language::NONE } else { tag };
                    if map.values().any(|known| *known == OneOrMany::One(text.as_str().into())) {
                        continue;
                    }
                    map.insert(tag.into(), OneOrMany::One(text.into()));
                    all = all.and(issues);
                    source = cell;
                }
                Reading::Unread(_) => self.keep(*column),
                Reading::Empty(_) => {}
            }
        }
        let repeats_name = !language.is_name && {
            let name = self.entity.default_instance(names().name.as_str());
            name.is_some_and(|name| name.is == AttributeValue::LanguageProperty(map.clone()))
        };
        if !map.is_empty() && !repeats_name {
            self.put_noted(&language.iri, AttributeValue::LanguageProperty(map), all, source);
        }
    }

    /// The publisher's number, as text, in the attribute that the column feeds. One that an export wrote because there was
    /// none is no number of the publisher's.
    fn number(&mut self) {
        let Some(column) = self.plan.slots.number else { return };
        let cell = self.row.cell(column);
        let reading = text(cell);
        self.note(column, reading.issues());
        if let Reading::Value(number, issues) = reading
            && !is_made(&number)
        {
            let value = AttributeValue::Property(Json::from(number));
            let iri = self.plan.number.clone();
            self.put_noted(&iri, value, issues, trim(cell));
        }
    }

    /// Columns that no definition knows, each under its own name; circles and crosses as yes and no.
    fn own(&mut self) {
        for (column, marks) in &self.plan.slots.own {
            let cell = self.row.cell(*column);
            let Reading::Value(text, issues) = text(cell) else { continue };
            let value = if *marks { Json::from(is_circle(&text)) } else { Json::from(text) };
            self.note(*column, issues);
            let iri = self.plan.own_iris[*column].clone();
            self.put_noted(&iri, AttributeValue::Property(value), issues, trim(cell));
        }
        // Cells beyond the header are kept by their position.
        for column in self.plan.header.names.len()..self.row.len() {
            if let Ok(text) = published(self.row.cell(column)) {
                let iri = hiroba_vocab::column_iri(&format!("列{}", column + 1));
                self.put(&iri, AttributeValue::Property(Json::from(text)));
                self.recorder.note(self.row.number, None, Issues::one(Issue::CellsExtra), text);
            }
        }
    }
}
