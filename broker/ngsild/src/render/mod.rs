//! Entities as clients see them: normalized, concise, simplified, GeoJSON (4.5.1 to 4.5.4, 4.5.16, 4.5.17).
//!
//! [`EntityDocument`] serialises straight from the model to the output: nothing is built in between.

mod attribute;
mod conformance;
mod geojson;
mod linked;
mod temporal;

use hiroba_vocab::{DatasetId, EntityId, Iri};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

pub use conformance::{SpecVersion, conform, conform_aggregated, conform_evolution};
pub use geojson::{Feature, FeatureCollection, GeometryChoice};
pub use temporal::{AggregatedDocument, TemporalDocument, TemporalForm};

use crate::entity::{Attribute, Entity};
use crate::jsonld::Context;
use crate::language::LanguagePreference;
use crate::linked::{Inline, shows_instance};
use crate::query::Projection;
use attribute::Instances;

/// The representations of attributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// Everything spelled out (4.5.1).
    #[default]
    Normalized,
    /// As short as it can be without loss (annex C.2.2).
    Concise,
    /// Key and value (4.5.4).
    Simplified,
}

/// How to show entities.
#[derive(Debug, Clone, Copy)]
pub struct Rendering<'r> {
    /// Which names to use.
    pub context: &'r Context,
    /// How much of an attribute to show.
    pub form: Form,
    /// Whether to show what the system knows: `createdAt`, `modifiedAt`, `expiresAt` (6.3.11).
    pub sys_attrs: bool,
    /// The language to reduce LanguageProperties to (4.15).
    pub lang: Option<&'r LanguagePreference>,
    /// Which members to show (4.21).
    pub projection: &'r Projection,
    /// Which attribute instances to show; empty for all. `None` inside stands for the default instance.
    pub datasets: &'r [Option<DatasetId>],
    /// Which linked entities to show inside relationships (4.5.23).
    pub inline: Option<Inline<'r>>,
}

impl<'r> Rendering<'r> {
    /// Everything that clients said of an entity, in a form.
    pub fn whole(context: &'r Context, form: Form) -> Self {
        static EVERYTHING: Projection = Projection::EVERYTHING;
        Self { context, form, sys_attrs: false, lang: None, projection: &EVERYTHING, datasets: &[], inline: None }
    }
}

/// A document as a JSON value. What the model holds is always JSON.
pub fn json(document: &impl Serialize) -> Value {
    serde_json::to_value(document).unwrap_or_default()
}

impl<'r> Rendering<'r> {
    pub(crate) fn shows_instance(&self, instance: &Attribute) -> bool {
        shows_instance(self.datasets, instance)
    }

    /// The members of an entity that stand for attributes.
    fn attributes<M: SerializeMap>(&self, map: &mut M, entity: &'r Entity) -> Result<(), M::Error> {
        let path = self.inline.map(|inline| inline.path(entity));
        let inline = self.inline.zip(path.as_ref()).map(|(inline, path)| inline.of(path));
        let rendering = Rendering { inline, ..*self };
        for (name, instances) in &entity.attributes {
            if self.projection.shows_attribute(name) {
                rendering.attribute(map, name, instances)?;
            }
        }
        Ok(())
    }

    fn attribute<M: SerializeMap>(&self, map: &mut M, name: &Iri, instances: &[Attribute]) -> Result<(), M::Error> {
        let shown = instances.iter().filter(|instance| self.shows_instance(instance)).count();
        if shown > 0 {
            let linked = self.inline.map(|_| self.projection.linked(name));
            let inline = self.inline.zip(linked.as_ref()).map(|(inline, projection)| inline.showing(projection));
            let rendering = Rendering { inline, ..*self };
            map.serialize_entry(&self.context.compact(name), &Instances { rendering, instances, shown })?;
        }
        Ok(())
    }

    /// What every document of an entity begins with: @context, id, type.
    fn head<M: SerializeMap>(
        &self,
        map: &mut M,
        context: Option<&Value>,
        id: &EntityId,
        types: &[Iri],
    ) -> Result<(), M::Error> {
        if let Some(context) = context {
            map.serialize_entry("@context", context)?;
        }
        if self.projection.shows_id() {
            map.serialize_entry("id", id)?;
        }
        if self.projection.shows_type() {
            self.types(map, types)?;
        }
        Ok(())
    }

    fn types<M: SerializeMap>(&self, map: &mut M, types: &[Iri]) -> Result<(), M::Error> {
        match types {
            [one] => map.serialize_entry("type", &self.context.compact(one)),
            many => {
                map.serialize_entry("type", &many.iter().map(|name| self.context.compact(name)).collect::<Vec<_>>())
            }
        }
    }
}

/// One entity as a JSON object.
#[derive(Debug, Clone, Copy)]
pub struct EntityDocument<'e> {
    /// What to show.
    pub entity: &'e Entity,
    /// How.
    pub rendering: Rendering<'e>,
    /// The `@context` member, for `application/ld+json`.
    pub embedded_context: Option<&'e Value>,
}

impl Serialize for EntityDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entity, rendering, embedded_context } = *self;
        let projection = rendering.projection;
        let mut map = serializer.serialize_map(None)?;
        rendering.head(&mut map, embedded_context, &entity.id, &entity.types)?;
        if let Some(scope) = entity.scope.as_ref().filter(|_| projection.shows_scope()) {
            map.serialize_entry("scope", scope)?;
        }
        if rendering.sys_attrs {
            if projection.shows_system("createdAt") {
                map.serialize_entry("createdAt", &entity.created_at)?;
            }
            if projection.shows_system("modifiedAt") {
                map.serialize_entry("modifiedAt", &entity.modified_at)?;
            }
            if let Some(at) = entity.expires_at.filter(|_| projection.shows_system("expiresAt")) {
                map.serialize_entry("expiresAt", &at)?;
            }
        }
        rendering.attributes(&mut map, entity)?;
        map.end()
    }
}
