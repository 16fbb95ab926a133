//! GeoJSON representation (4.5.16, 4.5.17, 5.2.29 to 5.2.31).

use hiroba_vocab::{DatasetId, Iri};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::{Rendering, SpecVersion};
use crate::entity::{AttributeValue, Entity};

/// Which GeoProperty becomes the geometry of a feature (`geometryProperty`, default `location`).
#[derive(Debug, Clone)]
pub struct GeometryChoice {
    /// The attribute, expanded.
    pub property: Iri,
    /// Which of its instances; `None` for the default one.
    pub dataset_id: Option<DatasetId>,
}

impl GeometryChoice {
    /// The same choice among what [`conform`](super::conform) has made of an entity: where it has taken the ids of instances
    /// away, there is one instance.
    #[must_use]
    pub fn of_conformed(&self, version: SpecVersion) -> Self {
        Self { property: self.property.clone(), dataset_id: self.dataset_id.clone().filter(|_| version.has_datasets()) }
    }

    /// The geometry, or `None` when the attribute is missing, of another kind, or has no such instance.
    fn of<'e>(&self, entity: &'e Entity) -> Option<&'e Value> {
        let instances = entity.attributes.get(&self.property)?;
        let wanted = |dataset_id: &Option<DatasetId>| *dataset_id == self.dataset_id;
        match &instances.iter().find(|instance| wanted(&instance.dataset_id))?.is {
            AttributeValue::GeoProperty(geometry) => Some(geometry),
            _ => None,
        }
    }
}

/// One entity as a GeoJSON Feature.
#[derive(Debug, Clone, Copy)]
pub struct Feature<'e> {
    /// What to show.
    pub entity: &'e Entity,
    /// How to show the properties.
    pub rendering: Rendering<'e>,
    /// Which geometry.
    pub geometry: &'e GeometryChoice,
    /// The `@context` member, unless it goes to a Link header.
    pub embedded_context: Option<&'e Value>,
}

impl Serialize for Feature<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(context) = self.embedded_context {
            map.serialize_entry("@context", context)?;
        }
        map.serialize_entry("id", &self.entity.id)?;
        map.serialize_entry("type", "Feature")?;
        map.serialize_entry("geometry", &self.geometry.of(self.entity))?;
        map.serialize_entry("properties", &Properties { entity: self.entity, rendering: self.rendering })?;
        map.end()
    }
}

struct Properties<'e> {
    entity: &'e Entity,
    rendering: Rendering<'e>,
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let projection = self.rendering.projection;
        if projection.shows_type() {
            self.rendering.types(&mut map, &self.entity.types)?;
        }
        if let Some(scope) = self.entity.scope.as_ref().filter(|_| projection.shows_scope()) {
            map.serialize_entry("scope", scope)?;
        }
        if self.rendering.sys_attrs {
            map.serialize_entry("createdAt", &self.entity.created_at)?;
            map.serialize_entry("modifiedAt", &self.entity.modified_at)?;
            if let Some(at) = &self.entity.expires_at {
                map.serialize_entry("expiresAt", at)?;
            }
        }
        self.rendering.attributes(&mut map, self.entity)?;
        map.end()
    }
}

/// Entities as a GeoJSON FeatureCollection.
#[derive(Debug, Clone, Copy)]
pub struct FeatureCollection<'e> {
    /// The features, without an `@context` of their own.
    pub features: &'e [Feature<'e>],
    /// The `@context` member, unless it goes to a Link header.
    pub embedded_context: Option<&'e Value>,
}

impl Serialize for FeatureCollection<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(context) = self.embedded_context {
            map.serialize_entry("@context", context)?;
        }
        map.serialize_entry("type", "FeatureCollection")?;
        map.serialize_entry("features", self.features)?;
        map.end()
    }
}
