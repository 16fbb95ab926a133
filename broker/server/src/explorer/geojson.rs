//! All entities of a type as one GeoJSON document, streamed.

use std::sync::Arc;

use ngsild::jsonld::Context;
use ngsild::render::{Feature, Form, GeometryChoice, Rendering};
use serde_json::{Value, json};

use super::Language;
use super::cell;
use hiroba_store::Stored;

/// How much of each entity to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Every attribute, in simplified form.
    Everything,
    /// What a map needs: id, name, and the geometry with at most six decimals.
    Map(Language),
}

/// The text before the first feature.
pub const HEAD: &str = "{\"type\":\"FeatureCollection\",\"features\":[";
/// The text after the last feature.
pub const TAIL: &str = "]}";

/// One entity as a feature.
pub fn feature(stored: &Stored, context: &Arc<Context>, detail: Detail) -> Option<Value> {
    let property = hiroba_vocab::Iri::from_expanded(hiroba_vocab::ngsi_ld::LOCATION);
    let rendering = Rendering::whole(context, Form::Simplified);
    let geometry = GeometryChoice { property, dataset_id: None };
    let feature = Feature { entity: &stored.entity, rendering, geometry: &geometry, embedded_context: None };
    let mut feature = serde_json::to_value(feature).ok()?;
    if let Detail::Map(language) = detail {
        if feature["geometry"].is_null() {
            return None;
        }
        let name = name_of(stored, context, language);
        feature["properties"] = json!({"id": stored.entity.id, "name": name});
    } else if let Some(properties) = feature["properties"].as_object_mut() {
        // The geometry says it already.
        properties.remove("location");
    }
    Some(feature)
}

/// What an entity is called; its id when it has no name.
pub(super) fn name_of(stored: &Stored, context: &Context, language: Language) -> String {
    ["name", "title"]
        .into_iter()
        .filter_map(|name| Some((name, stored.entity.attributes.get(&context.expand(name)?)?)))
        .map(|(name, instances)| cell::text(name, instances, language))
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| stored.entity.id.to_string())
}
