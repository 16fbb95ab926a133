//! Linked entities inside the relationships that lead to them (4.5.23).

use hiroba_vocab::Iri;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::{EntityDocument, Rendering};
use crate::entity::{Attribute, AttributeValue, OneOrMany};
use crate::linked::Found;

/// The linked entity that is shown at a target of a relationship.
fn entity_at<'a>(rendering: Rendering<'a>, instance: &Attribute, target: &Iri) -> Option<EntityDocument<'a>> {
    let inline = rendering.inline?;
    let Found::Entity(entity) = inline.follow(instance, target) else { return None };
    let rendering = Rendering { projection: inline.projection, inline: Some(inline.further()), ..rendering };
    Some(EntityDocument { entity, rendering, embedded_context: None })
}

/// `entity` or `entityList`, for normalized and concise form: the linked entities that are there, in the order of the
/// targets, and nothing when there are none.
pub(super) fn member<M: SerializeMap>(
    map: &mut M,
    rendering: Rendering<'_>,
    instance: &Attribute,
) -> Result<(), M::Error> {
    let targets = instance.is.targets();
    let entities: Vec<EntityDocument<'_>> =
        targets.iter().filter_map(|target| entity_at(rendering, instance, target)).collect();
    match (&instance.is, entities.as_slice()) {
        (_, []) => Ok(()),
        (AttributeValue::Relationship(OneOrMany::One(_)), [entity]) => map.serialize_entry("entity", entity),
        (AttributeValue::Relationship(_), entities) => map.serialize_entry("entity", entities),
        (_, entities) => map.serialize_entry("entityList", entities),
    }
}

/// A target in simplified form: the entity if it is shown, else its URI.
pub(super) struct Target<'a> {
    pub(super) rendering: Rendering<'a>,
    pub(super) instance: &'a Attribute,
    pub(super) target: &'a Iri,
}

impl Serialize for Target<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match entity_at(self.rendering, self.instance, self.target) {
            Some(entity) => entity.serialize(serializer),
            None => self.target.serialize(serializer),
        }
    }
}

/// All targets in simplified form.
pub(super) struct Targets<'a> {
    pub(super) rendering: Rendering<'a>,
    pub(super) instance: &'a Attribute,
}

impl Serialize for Targets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { rendering, instance } = *self;
        let targets = instance.is.targets();
        let mut seq = serializer.serialize_seq(Some(targets.len()))?;
        for target in targets {
            seq.serialize_element(&Target { rendering, instance, target })?;
        }
        seq.end()
    }
}
