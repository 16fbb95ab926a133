//! Entities as RDF, in two shapes of the same facts.
//!
//! * [`Mapping::plain`]: short triples for people. `?aed schema:name ?n ; geo:hasGeometry ?g`.
//! * [`Mapping::reified`]: NGSI-LD's own form (4.2, annex B), where every attribute is a node with its kind, value,
//!   `observedAt`, `unitCode` and so on.
//!
//! Nodes without an IRI of their own (attributes, geometries, compound values) get one below the entity's:
//! `urn:ngsi-ld:AED:372013:1#location`. So all that is said of an entity has a subject that starts with its id, and the
//! same entity always gives the same triples.

mod node;
mod provenance;
mod value;

use hiroba_vocab::{EntityId, Iri};
use oxrdf::vocab::rdf;
use oxrdf::{Literal, NamedNode, NamedNodeRef, Term, Triple};

use crate::entity::{Attribute, AttributeValue, Attributes, Entity, Kind, OneOrMany};
use crate::jsonld::Context;
use crate::time::DateTime;
use node::{attribute_node, named};

/// Terms of GeoSPARQL 1.1, DCMI, WGS 84 and RDF 1.2 that the mapping uses.
mod terms {
    use oxrdf::NamedNodeRef;

    macro_rules! terms {
        ($($name:ident = $iri:literal;)*) => {
            $(pub(super) const $name: NamedNodeRef<'static> = NamedNodeRef::new_unchecked($iri);)*
        };
    }

    terms! {
        HAS_GEOMETRY = "http://www.opengis.net/ont/geosparql#hasGeometry";
        HAS_DEFAULT_GEOMETRY = "http://www.opengis.net/ont/geosparql#hasDefaultGeometry";
        GEOMETRY = "http://www.opengis.net/ont/geosparql#Geometry";
        AS_WKT = "http://www.opengis.net/ont/geosparql#asWKT";
        AS_GEOJSON = "http://www.opengis.net/ont/geosparql#asGeoJSON";
        WKT_LITERAL = "http://www.opengis.net/ont/geosparql#wktLiteral";
        GEOJSON_LITERAL = "http://www.opengis.net/ont/geosparql#geoJSONLiteral";
        LATITUDE = "http://www.w3.org/2003/01/geo/wgs84_pos#lat";
        LONGITUDE = "http://www.w3.org/2003/01/geo/wgs84_pos#long";
        CREATED = "http://purl.org/dc/terms/created";
        MODIFIED = "http://purl.org/dc/terms/modified";
        JSON = "http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON";
        SCOPE = "https://uri.etsi.org/ngsi-ld/scope";
    }
}

/// Turns entities into triples.
#[derive(Debug, Clone, Copy)]
pub struct Mapping<'c> {
    /// What the keys of compound values stand for, and how attributes are named below their entity.
    pub context: &'c Context,
}

impl Mapping<'static> {
    /// The mapping by which everything is published: the names of the vocabulary. What one reader is given under these
    /// names, all are.
    pub fn published() -> Self {
        Self { context: Context::vocabulary() }
    }
}

impl Mapping<'_> {
    /// The plain shape, triple by triple.
    pub fn plain(&self, entity: &Entity, sink: &mut dyn FnMut(Triple)) {
        let Some(subject) = named(entity.id.as_str()) else { return };
        self.state(&subject, entity, sink);
        emit(sink, &subject, terms::CREATED, Some(date_time(entity.created_at)));
        emit(sink, &subject, terms::MODIFIED, Some(date_time(entity.modified_at)));
    }

    /// What the plain shape says of an entity but for when it was created and modified, with another node in the place of
    /// the entity: of one of its versions ([`version_node`]).
    pub fn state(&self, subject: &NamedNode, entity: &Entity, sink: &mut dyn FnMut(Triple)) {
        kinds(entity, subject, sink);
        for (name, instances) in &entity.attributes {
            let Some(predicate) = named(name.as_str()) else { continue };
            for instance in instances {
                let node = || attribute_node(self.context, subject, name, instance.dataset_id.as_ref());
                self.plain_value(subject, &predicate, instance, &node, sink);
            }
        }
        provenance::of_dataset(entity, subject, sink);
    }

    /// NGSI-LD's own shape, triple by triple.
    pub fn reified(&self, entity: &Entity, sink: &mut dyn FnMut(Triple)) {
        let Some(subject) = named(entity.id.as_str()) else { return };
        kinds(entity, &subject, sink);
        emit(sink, &subject, ngsi("createdAt").as_ref(), Some(date_time(entity.created_at)));
        emit(sink, &subject, ngsi("modifiedAt").as_ref(), Some(date_time(entity.modified_at)));
        emit(sink, &subject, ngsi("expiresAt").as_ref(), entity.expires_at.map(date_time));
        self.reified_attributes(&subject, &entity.attributes, sink);
    }

    fn plain_value(
        &self,
        subject: &NamedNode,
        predicate: &NamedNode,
        instance: &Attribute,
        node: &dyn Fn() -> NamedNode,
        sink: &mut dyn FnMut(Triple),
    ) {
        let predicate = predicate.as_ref();
        match &instance.is {
            AttributeValue::Property(json) => {
                value::json(self.context, subject, predicate, json, instance.value_type.as_ref(), node, sink);
            }
            AttributeValue::JsonProperty(json) => {
                value::json(self.context, subject, predicate, json, None, node, sink);
            }
            AttributeValue::ListProperty(items) => {
                for item in items {
                    value::json(self.context, subject, predicate, item, instance.value_type.as_ref(), node, sink);
                }
            }
            AttributeValue::GeoProperty(json) => {
                let node = node();
                if value::geometry(&node, json, sink) {
                    emit(sink, subject, predicate, Some(node.clone()));
                    emit(sink, subject, terms::HAS_GEOMETRY, Some(node.clone()));
                    if predicate.as_str() == hiroba_vocab::ngsi_ld::LOCATION && instance.dataset_id.is_none() {
                        emit(sink, subject, terms::HAS_DEFAULT_GEOMETRY, Some(node));
                    }
                }
            }
            AttributeValue::LanguageProperty(map) => {
                for literal in value::texts(map) {
                    emit(sink, subject, predicate, Some(literal));
                }
            }
            AttributeValue::VocabProperty(iris) | AttributeValue::Relationship(iris) => {
                for iri in iris.as_slice() {
                    emit(sink, subject, predicate, named(iri.as_str()));
                }
            }
            AttributeValue::ListRelationship(iris) => {
                for iri in iris {
                    emit(sink, subject, predicate, named(iri.as_str()));
                }
            }
        }
    }

    fn reified_attributes(&self, owner: &NamedNode, attributes: &Attributes, sink: &mut dyn FnMut(Triple)) {
        for (name, instances) in attributes {
            let Some(predicate) = named(name.as_str()) else { continue };
            for instance in instances {
                let node = attribute_node(self.context, owner, name, instance.dataset_id.as_ref());
                emit(sink, owner, predicate.as_ref(), Some(node.clone()));
                self.reified_instance(&node, instance, sink);
            }
        }
    }

    fn reified_instance(&self, node: &NamedNode, instance: &Attribute, sink: &mut dyn FnMut(Triple)) {
        let kind = instance.is.kind();
        emit(sink, node, rdf::TYPE, Some(ngsi(kind.name())));
        self.reified_value(node, instance, kind, sink);
        let literal = |at: Option<DateTime>| at.map(date_time);
        emit(sink, node, ngsi("observedAt").as_ref(), literal(instance.observed_at));
        emit(sink, node, ngsi("createdAt").as_ref(), literal(Some(instance.created_at)));
        emit(sink, node, ngsi("modifiedAt").as_ref(), literal(Some(instance.modified_at)));
        emit(sink, node, ngsi("expiresAt").as_ref(), literal(instance.expires_at));
        emit(sink, node, ngsi("unitCode").as_ref(), instance.unit_code.as_deref().map(Literal::from));
        let iri = |text: Option<&str>| text.and_then(named);
        emit(sink, node, ngsi("datasetId").as_ref(), iri(instance.dataset_id.as_ref().map(AsRef::as_ref)));
        emit(sink, node, ngsi("hasValueType").as_ref(), iri(instance.value_type.as_ref().map(AsRef::as_ref)));
        for name in instance.object_type.as_ref().map_or(&[][..], OneOrMany::as_slice) {
            emit(sink, node, ngsi("hasObjectType").as_ref(), named(name.as_str()));
        }
        self.reified_attributes(node, &instance.attributes, sink);
    }

    fn reified_value(&self, node: &NamedNode, instance: &Attribute, kind: Kind, sink: &mut dyn FnMut(Triple)) {
        let member = match kind {
            Kind::Property | Kind::GeoProperty => "hasValue",
            Kind::LanguageProperty => "hasLanguageMap",
            Kind::VocabProperty => "hasVocab",
            Kind::JsonProperty => "hasJSON",
            Kind::ListProperty => "hasValueList",
            Kind::Relationship => "hasObject",
            Kind::ListRelationship => "hasObjectList",
        };
        let member = ngsi(member);
        let member = member.as_ref();
        let below = || node::below(node, "value");
        match &instance.is {
            AttributeValue::Property(json) => {
                value::json(self.context, node, member, json, instance.value_type.as_ref(), &below, sink);
            }
            AttributeValue::GeoProperty(json) => {
                let geometry = below();
                if value::geometry(&geometry, json, sink) {
                    emit(sink, node, member, Some(geometry));
                }
            }
            AttributeValue::JsonProperty(json) => emit(sink, node, member, Some(value::json_literal(json))),
            AttributeValue::LanguageProperty(map) => {
                for literal in value::texts(map) {
                    emit(sink, node, member, Some(literal));
                }
            }
            AttributeValue::VocabProperty(iris) | AttributeValue::Relationship(iris) => {
                for iri in iris.as_slice() {
                    emit(sink, node, member, named(iri.as_str()));
                }
            }
            AttributeValue::ListProperty(items) => {
                let items =
                    items.iter().map(|item| value::scalar(item, None).unwrap_or_else(|| value::json_literal(item)));
                node::list(node, member, items.map(Term::from), sink);
            }
            AttributeValue::ListRelationship(iris) => {
                node::list(node, member, iris.iter().filter_map(|iri| named(iri.as_str())).map(Term::from), sink);
            }
        }
    }
}

/// The node of an entity; `None` for ids that no IRI can be made of.
pub fn entity_node(id: &EntityId) -> Option<NamedNode> {
    named(id.as_str())
}

/// The node of one version of an entity, named below it: `urn:ngsi-ld:AED:372013:1#version=42`. No attribute has such a
/// node: in their names `=` is escaped. `None` for ids that no IRI can be made of.
pub fn version_node(id: &EntityId, version: i64) -> Option<NamedNode> {
    let separator = if id.as_str().contains('#') { '.' } else { '#' };
    let entity = named(id.as_str())?;
    Some(NamedNode::new_unchecked(format!("{}{separator}version={version}", entity.as_str())))
}

/// The types and scopes of an entity.
fn kinds(entity: &Entity, subject: &NamedNode, sink: &mut dyn FnMut(Triple)) {
    for name in &entity.types {
        emit(sink, subject, rdf::TYPE, named(name.as_str()));
    }
    for scope in entity.scopes() {
        emit(sink, subject, terms::SCOPE, Some(Literal::from(scope.as_str())));
    }
}

fn emit<O: Into<Term>>(
    sink: &mut dyn FnMut(Triple),
    subject: &NamedNode,
    predicate: NamedNodeRef<'_>,
    object: Option<O>,
) {
    if let Some(object) = object {
        sink(Triple::new(subject.clone(), predicate, object));
    }
}

fn ngsi(local: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{}{local}", hiroba_vocab::ngsi_ld::NAMESPACE))
}

fn date_time(at: DateTime) -> Literal {
    Literal::new_typed_literal(at.to_string(), oxrdf::vocab::xsd::DATE_TIME)
}

/// The RDF datatype that a `valueType` or `@type` stands for: NGSI-LD's own words are those of XML Schema (4.6.3).
fn datatype(iri: &Iri) -> Option<NamedNode> {
    let local = iri.as_str().strip_prefix(hiroba_vocab::ngsi_ld::NAMESPACE);
    match local.and_then(|local| local.strip_prefix("default-context/").or(Some(local))) {
        Some("DateTime") => Some(oxrdf::vocab::xsd::DATE_TIME.into_owned()),
        Some("Date") => Some(oxrdf::vocab::xsd::DATE.into_owned()),
        Some("Time") => Some(oxrdf::vocab::xsd::TIME.into_owned()),
        Some(_) => None,
        None => iri.as_str().starts_with("http://www.w3.org/2001/XMLSchema#").then(|| named(iri.as_str())).flatten(),
    }
}
