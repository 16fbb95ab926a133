//! Queries as JSON, as the bodies of queries and subscriptions hold them: EntitySelector (5.2.33), GeoQuery (5.2.13).

use hiroba_vocab::EntityId;
use serde_json::Value;

use super::{EntitySelector, GeoQuery, TypeSelection};
use crate::error::{Error, ErrorKind, Result};
use crate::jsonld::Context;

/// How many selectors there may be in a list.
#[derive(Debug, Clone, Copy)]
pub struct SelectorLimits {
    /// In all.
    pub selectors: usize,
    /// With a regular expression, which takes up to some megabytes.
    pub patterns: usize,
    /// What it is to ask for more.
    pub error: ErrorKind,
}

impl EntitySelector {
    /// Reads a non-empty array of selectors. Whether one of them selects any type (`*`), which implies local scope, comes with it.
    ///
    /// # Errors
    /// BadRequestData with the place in the array and the member that is wrong; the error of `most` when there are too many.
    pub fn list_from_json(value: &Value, context: &Context, most: SelectorLimits) -> Result<(Vec<Self>, bool)> {
        let list = value.as_array().filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| Error::bad_request("it is a non-empty array of entity selectors"))?;
        let SelectorLimits { selectors, patterns, error } = most;
        if list.len() > selectors {
            return Err(Error::new(error, format!("at most {selectors} entity selectors are allowed")));
        }
        let (mut read, mut any_type, mut with_pattern) = (Vec::with_capacity(list.len()), false, 0);
        for (i, selector) in list.iter().enumerate() {
            let (selector, any) = Self::from_json(selector, context).map_err(|e| e.inside(&i.to_string()))?;
            any_type |= any;
            with_pattern += usize::from(selector.id_pattern.is_some());
            if with_pattern > patterns {
                return Err(Error::new(error, format!("at most {patterns} selectors may have an idPattern")));
            }
            read.push(selector);
        }
        Ok((read, any_type))
    }

    /// Reads an EntitySelector: an object with `type`, and perhaps `id` (a URI or several; none asks nothing) or `idPattern`. Whether it
    /// selects any type (`*`), which implies local scope, comes with it.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong.
    fn from_json(selector: &Value, context: &Context) -> Result<(Self, bool)> {
        let wrong = |detail: &str, place: &str| Error::bad_request(detail).at(place);
        let members = selector.as_object().ok_or_else(|| Error::bad_request("an entity selector is an object"))?;
        let types = members.get("type").and_then(Value::as_str);
        let selection: TypeSelection = types.ok_or_else(|| wrong("a selector needs a 'type'", "type"))?.parse()?;
        let not_ids = || wrong("'id' is a URI or an array of URIs", "id");
        let ids = match members.get("id") {
            None => &[],
            Some(Value::Array(ids)) => ids.as_slice(),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            Some(_) => return Err(not_ids()),
        };
        let id = |id: &Value| -> Result<EntityId> {
            EntityId::parse(id.as_str().ok_or_else(not_ids)?).map_err(|e| Error::from(e).at("id"))
        };
        let ids = ids.iter().map(id).collect::<Result<Vec<_>>>()?;
        let id_pattern = match members.get("idPattern") {
            // `id` has precedence (5.2.33).
            Some(Value::String(pattern)) if ids.is_empty() => Some(pattern.parse()?),
            None | Some(Value::String(_)) => None,
            Some(_) => return Err(wrong("'idPattern' is a string", "idPattern")),
        };
        let any = selection == TypeSelection::Any;
        Ok((Self { ids, id_pattern, types: selection.resolve(context)? }, any))
    }
}

impl GeoQuery {
    /// Reads a GeoQuery: an object with `georel`, `geometry`, `coordinates`, and perhaps `geoproperty`, which is
    /// `location` otherwise.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong.
    pub fn from_json(geo: &Value, context: &Context) -> Result<Self> {
        let text = |name: &str| geo.get(name).and_then(Value::as_str);
        let (Some(georel), Some(geometry), Some(coordinates)) =
            (text("georel"), text("geometry"), geo.get("coordinates"))
        else {
            return Err(Error::bad_request("'geoQ' needs georel, geometry and coordinates"));
        };
        let property = match geo.get("geoproperty") {
            None => "location",
            Some(Value::String(name)) => name,
            Some(_) => return Err(Error::bad_request("'geoproperty' is the name of an attribute").at("geoproperty")),
        };
        let property = context.expand_name(property).map_err(|e| e.at("geoproperty"))?;
        Self::new(georel, geometry, coordinates, property)
    }
}
