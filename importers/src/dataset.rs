//! The entity that stands for the data set as a whole.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::licence::licence;
use hiroba_vocab::{EntityId, Terms};
use ngsild::entity::{LanguageMap, OneOrMany};
use ngsild::{Attribute, AttributeValue, Entity};
use serde_json::{Map, Value as Json};

use crate::options::Options;
use crate::plan::{Plan, state_of};
use crate::report::Counts;
use crate::source::Source;

/// Title, type, publisher, licence, source, and how many rows became what.
pub(crate) fn entity(source: &Source, plan: &Plan, options: &Options, counts: &Counts) -> Entity {
    let terms = Terms::published();
    let dataset = &plan.binding.dataset;
    let mut entity = Entity::new(EntityId::from_stored(plan.dataset.as_str()), terms.iri("Dataset"), plan.now);
    let mut put = |term: &str, value: AttributeValue| {
        entity.attributes.insert(terms.iri(term), vec![Attribute::new(value, plan.now)]);
    };
    let mut title = LanguageMap::default();
    title.insert("ja".into(), OneOrMany::One(dataset.title_ja.as_str().into()));
    title.insert("en".into(), OneOrMany::One(dataset.title_en.as_str().into()));
    put("title", AttributeValue::LanguageProperty(title));
    let mut property = |term: &str, value: Json| put(term, AttributeValue::Property(value));
    property("slug", Json::from(dataset.slug.as_str()));
    property("entityType", Json::from(plan.entity_type.as_str()));
    let mut publisher = Map::new();
    if let Some(name) = &plan.publisher.name {
        publisher.insert("name".to_owned(), Json::from(name.as_str()));
    }
    publisher.insert("localGovernmentCode".to_owned(), Json::from(plan.publisher.code.to_string()));
    property("publisher", Json::Object(publisher));
    if let Some(text) = &options.licence
        && let Reading::Value(read, _) = licence(text)
    {
        property("license", Json::from(read.as_str()));
    }
    if let Some(url) = &options.source {
        property("source", Json::from(url.as_str()));
    }
    if let Some(day) = &options.issued {
        property("issued", Json::from(day.as_str()));
    }
    if let Some(day) = options.modified.clone().or_else(|| state_of(&plan.header.above).map(|day| day.to_string())) {
        property("modified", Json::from(day));
    }
    property("fileName", Json::from(source.input.name()));
    property("sha256", Json::from(source.sha256.as_str()));
    property("characterEncoding", Json::from(source.kind.label()));
    property("headerRow", Json::from(plan.header.row));
    for (term, count) in [
        ("rowsRead", counts.read),
        ("rowsPublished", counts.entities),
        ("rowsMerged", counts.merged),
        ("rowsSetAside", counts.set_aside),
        ("rowsRefused", counts.refused),
    ] {
        property(term, Json::from(count));
    }
    entity
}
