//! Attributes that one column fills, and attributes that several columns give items to.

use hiroba_vocab::dataset::{Column, Reads};
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::{content, published, remark, text, trim};
use hiroba_vocab::normalise::choice::{choice, choices, code_word};
use hiroba_vocab::normalise::code::{corporate_number, local_government};
use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use hiroba_vocab::normalise::licence::licence;
use hiroba_vocab::normalise::number::{Fee, count, decimal, fee};
use hiroba_vocab::normalise::phone::postal_code;
use hiroba_vocab::normalise::time::time;
use hiroba_vocab::normalise::web::{email, urls};
use hiroba_vocab::normalise::{kana, list};
use hiroba_vocab::{Iri, Issue, Issues};
use ngsild::entity::OneOrMany;
use ngsild::{Attribute, AttributeValue};
use percent_encoding::utf8_percent_encode;
use serde_json::{Number, Value as Json};

use super::compound::one_or_many;
use super::{Draft, ENCODED, names};
use crate::plan::{Simple, Sub};

impl Draft<'_> {
    /// The attributes of one column each, with their sub-attributes.
    pub(super) fn simple(&mut self) {
        let plan = self.plan;
        for simple in &plan.slots.simple {
            let cell = self.row.cell(simple.column);
            let subs = |draft: &mut Self, attribute: &mut Attribute| draft.subs(&simple.subs, Some(attribute));
            if simple.is.reads == Reads::Reference {
                self.reference(simple);
                continue;
            }
            let reading = if simple.is.reads == Reads::Phone {
                match self.phones(cell) {
                    Reading::Value(found, issues) => {
                        self.note(simple.column, issues);
                        let value = AttributeValue::Property(one_or_many(found.numbers));
                        let mut attribute = self.noted(value, issues, trim(cell));
                        for (iri, text) in
                            [(&names().telephone_extension, found.extension), (&names().telephone_label, found.label)]
                        {
                            if let Some(text) = text {
                                let sub = Attribute::new(AttributeValue::Property(Json::from(text)), plan.now);
                                attribute.attributes.insert(iri.clone(), vec![sub]);
                            }
                        }
                        subs(self, &mut attribute);
                        self.entity.attributes.insert(simple.iri.clone(), vec![attribute]);
                        continue;
                    }
                    Reading::Empty(issues) => Reading::Empty(issues),
                    Reading::Unread(issues) => Reading::Unread(issues),
                }
            } else {
                self.read(simple.column, &simple.is, cell)
            };
            self.note(simple.column, reading.issues());
            match reading {
                Reading::Value(value, issues) => {
                    let mut attribute = self.noted(AttributeValue::Property(value), issues, trim(cell));
                    attribute.unit_code = simple.unit.as_deref().map(Into::into);
                    if simple.is.reads == Reads::Count {
                        attribute.observed_at = self.observed_at;
                    }
                    subs(self, &mut attribute);
                    self.entity.attributes.insert(simple.iri.clone(), vec![attribute]);
                }
                Reading::Unread(_) => {
                    self.keep(simple.column);
                    self.subs(&simple.subs, None);
                }
                Reading::Empty(_) => self.subs(&simple.subs, None),
            }
        }
    }

    /// A relationship with an entity of the same publisher, by its number.
    fn reference(&mut self, simple: &Simple) {
        let plan = self.plan;
        let (Ok(number), Some(target)) = (published(self.row.cell(simple.column)), &simple.is.part) else { return };
        let number = utf8_percent_encode(number, ENCODED);
        let object = Iri::from_expanded(format!("urn:ngsi-ld:{target}:{}:{number}", plan.publisher.in_ids()));
        self.put(&simple.iri, AttributeValue::Relationship(OneOrMany::One(object)));
    }

    /// Attributes that collect from several columns: categories, images, circles. What can be a list is an array always.
    pub(super) fn gathered(&mut self) {
        let plan = self.plan;
        for gathered in &plan.slots.gathered {
            let mut items: Vec<String> = Vec::new();
            let mut all = Issues::NONE;
            for (column, reads, is) in &gathered.columns {
                let cell = self.row.cell(*column);
                let reading = match reads {
                    Reads::Url => urls(cell),
                    Reads::List => list::items(cell),
                    Reads::ChoiceList => choices(cell, &is.choices, &is.synonyms),
                    Reads::Amenity => self.amenity(*column, cell),
                    _ => text(cell).map(|text| vec![text.into_owned()]),
                };
                self.note(*column, reading.issues());
                match reading {
                    Reading::Value(found, issues) => {
                        all = all.and(issues);
                        found.into_iter().for_each(|item| {
                            if !items.contains(&item) {
                                items.push(item);
                            }
                        });
                    }
                    Reading::Unread(_) => self.keep(*column),
                    Reading::Empty(_) => {}
                }
            }
            if items.is_empty() {
                self.subs(&gathered.subs, None);
                continue;
            }
            let source = gathered.columns.iter().map(|(column, ..)| trim(self.row.cell(*column)));
            let source = source.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(" ");
            let is_list = |reads: Reads| matches!(reads, Reads::List | Reads::ChoiceList | Reads::Amenity);
            let array = gathered.columns.iter().any(|(_, reads, _)| is_list(*reads));
            let value = if array { Json::from(items) } else { one_or_many(items) };
            let mut attribute = self.noted(AttributeValue::Property(value), all, &source);
            self.subs(&gathered.subs, Some(&mut attribute));
            self.entity.attributes.insert(gathered.iri.clone(), vec![attribute]);
        }
    }

    /// The header of a column that is marked with a circle. A cross is a no, and kept as one; any other text is kept as it
    /// is.
    fn amenity(&mut self, column: usize, cell: &str) -> Reading<Vec<String>> {
        match flag(cell, FlagFamily::Presence) {
            Reading::Value(true, Issues::NONE) => Reading::value(vec![self.plan.header.names[column].clone()]),
            Reading::Value(false, Issues::NONE) => {
                let iri = self.plan.own_iris[column].clone();
                self.put(&iri, AttributeValue::Property(Json::from(false)));
                Reading::BLANK
            }
            Reading::Empty(_) => Reading::BLANK,
            Reading::Value(..) | Reading::Unread(_) => {
                self.keep(column);
                Reading::BLANK
            }
        }
    }

    /// Sub-attributes, or attributes in their own right where there is nothing that they could be about.
    fn subs(&mut self, subs: &[Sub], mut parent: Option<&mut Attribute>) {
        for sub in subs {
            let cell = self.row.cell(sub.column);
            let reading = self.read(sub.column, &sub.is, cell);
            self.note(sub.column, reading.issues());
            match reading {
                Reading::Value(value, issues) => {
                    let attribute = self.noted(AttributeValue::Property(value), issues, trim(cell));
                    let target =
                        parent.as_deref_mut().map_or(&mut self.entity.attributes, |parent| &mut parent.attributes);
                    target.insert(sub.iri.clone(), vec![attribute]);
                }
                Reading::Unread(_) => self.keep(sub.column),
                Reading::Empty(_) => {}
            }
        }
    }

    /// The value of a cell as its column is read.
    pub(super) fn read(&self, at: usize, column: &Column, cell: &str) -> Reading<Json> {
        match column.reads {
            Reads::Flag => {
                let circles = self.plan.habits.circles.get(at).copied().unwrap_or(false);
                let family = if circles { FlagFamily::Circles } else { FlagFamily::Presence };
                flag(cell, family).map(Json::from)
            }
            Reads::NegatedFlag => flag(cell, FlagFamily::Negated).map(Json::from),
            Reads::Count => count(cell).map(Json::from),
            Reads::Decimal => {
                let units: Vec<&str> = column.units.iter().map(String::as_str).collect();
                decimal(cell, &units).map(|number| Number::from_f64(number).map_or(Json::Null, Json::Number))
            }
            Reads::Fee => self.fee(cell),
            Reads::Date => self.plan.date(at, cell).map(|moment| Json::from(moment.to_string())),
            Reads::Time => time(cell).map(|time| Json::from(time.to_string())),
            Reads::Phone => self.phones(cell).map(|phones| one_or_many(phones.numbers)),
            Reads::PostalCode => postal_code(cell).map(Json::from),
            Reads::Url => urls(cell).map(one_or_many),
            Reads::Email => email(cell).map(Json::from),
            Reads::List => list::items(cell).map(Json::from),
            Reads::Parts => list::parts(cell).map(Json::from),
            Reads::CodeWord => code_word(cell, &column.choices).map(Json::from),
            Reads::Choice => choice(cell, &column.choices, &column.synonyms).map(Json::from),
            Reads::ChoiceList => choices(cell, &column.choices, &column.synonyms).map(Json::from),
            Reads::CorporateNumber => corporate_number(cell).map(Json::from),
            Reads::Code => local_government(cell, self.home).map(|code| Json::from(code.to_string())),
            Reads::Licence => licence(cell).map(|licence| Json::from(licence.as_str())),
            Reads::Kana => kana::katakana(cell).map(Json::from),
            Reads::Remark => remark(cell).map(Json::from),
            _ => text(cell).map(Json::from),
        }
    }

    /// A fee. A 0 beside details that speak of something else than 無料 is not free: nobody knows what it is.
    fn fee(&self, cell: &str) -> Reading<Json> {
        match fee(cell) {
            Reading::Value(Fee::Free, issues) => Reading::Value(Json::from(0), issues),
            Reading::Value(Fee::Yen(0), _) if self.details_speak_of_a_fee() => Reading::unread(Issue::FeeUncertain),
            Reading::Value(Fee::Yen(yen), issues) => Reading::Value(Json::from(yen), issues),
            Reading::Empty(issues) => Reading::Empty(issues),
            Reading::Unread(issues) => Reading::Unread(issues),
        }
    }

    fn details_speak_of_a_fee(&self) -> bool {
        let details = self.plan.slots.simple.iter().find(|simple| simple.is.feeds.as_deref() == Some("feeNote"));
        details.is_some_and(|details| content(self.row.cell(details.column)).is_ok_and(|text| !text.contains("無料")))
    }
}
