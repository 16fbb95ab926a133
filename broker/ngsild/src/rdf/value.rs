//! JSON values, geometries and texts as RDF terms.

use hiroba_vocab::Iri;
use oxrdf::vocab::{rdf, xsd};
use oxrdf::{Literal, NamedNode, NamedNodeRef, Triple};
use serde_json::Value;
use wkt::ToWkt;

use super::node::{below, named};
use super::{datatype, emit, terms};
use crate::entity::LanguageMap;
use crate::geometry as geojson;
use crate::jsonld::Context;
use crate::language::NONE;

/// How deep compound values are taken apart; deeper parts stay JSON text.
const MAX_DEPTH: usize = 8;

/// The triples of a JSON value: scalars as literals, arrays as several triples, objects as a node with a triple for
/// each member.
pub(super) fn json(
    context: &Context,
    subject: &NamedNode,
    predicate: NamedNodeRef<'_>,
    value: &Value,
    value_type: Option<&Iri>,
    node: &dyn Fn() -> NamedNode,
    sink: &mut dyn FnMut(Triple),
) {
    write(context, subject, predicate, value, value_type, node, sink, 0);
}

#[expect(clippy::too_many_arguments, reason = "one recursion; a struct would only rename the arguments")]
fn write(
    context: &Context,
    subject: &NamedNode,
    predicate: NamedNodeRef<'_>,
    value: &Value,
    value_type: Option<&Iri>,
    node: &dyn Fn() -> NamedNode,
    sink: &mut dyn FnMut(Triple),
    depth: usize,
) {
    if let Some(literal) = scalar(value, value_type) {
        emit(sink, subject, predicate, Some(literal));
        return;
    }
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let node = || below(&node(), &i.to_string());
                write(context, subject, predicate, item, value_type, &node, sink, depth + 1);
            }
        }
        Value::Object(members) if depth < MAX_DEPTH => {
            let inner = typed(context, members.get("@type"));
            if let Some(literal) = members.get("@value").and_then(|value| scalar(value, inner.as_ref())) {
                emit(sink, subject, predicate, Some(literal));
                return;
            }
            let own = node();
            emit(sink, subject, predicate, Some(own.clone()));
            for (key, member) in members {
                let Some(key_iri) = context.expand(key).and_then(|iri| named(iri.as_str())) else { continue };
                let node = || below(&own, key);
                write(context, &own, key_iri.as_ref(), member, None, &node, sink, depth + 1);
            }
        }
        Value::Object(_) => emit(sink, subject, predicate, Some(json_literal(value))),
        _ => {}
    }
}

fn typed(context: &Context, name: Option<&Value>) -> Option<Iri> {
    name.and_then(Value::as_str).and_then(|name| context.expand(name))
}

/// A literal for a string, number or boolean.
pub(super) fn scalar(value: &Value, value_type: Option<&Iri>) -> Option<Literal> {
    let declared = value_type.and_then(datatype);
    match value {
        Value::String(text) => Some(match declared {
            Some(datatype) => Literal::new_typed_literal(text, datatype),
            None => Literal::from(text.as_str()),
        }),
        Value::Bool(value) => Some(Literal::from(*value)),
        Value::Number(number) => Some(match declared {
            Some(datatype) => Literal::new_typed_literal(number.to_string(), datatype),
            None if number.is_f64() => Literal::from(number.as_f64()?),
            None => Literal::new_typed_literal(number.to_string(), xsd::INTEGER),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// JSON as it is, as `rdf:JSON`.
pub(super) fn json_literal(value: &Value) -> Literal {
    Literal::new_typed_literal(value.to_string(), terms::JSON)
}

/// The texts of a language map; `@none` has no language.
pub(super) fn texts(map: &LanguageMap) -> impl Iterator<Item = Literal> {
    map.iter().flat_map(|(tag, text)| {
        text.as_slice().iter().map(move |text| {
            let tagged = if &**tag == NONE { None } else { Literal::new_language_tagged_literal(&**text, &**tag).ok() };
            tagged.unwrap_or_else(|| Literal::from(&**text))
        })
    })
}

/// The triples of a GeoSPARQL geometry: WKT and GeoJSON in CRS84, and latitude and longitude for points. Whether the
/// value is a geometry at all.
pub(super) fn geometry(node: &NamedNode, value: &Value, sink: &mut dyn FnMut(Triple)) -> bool {
    let Ok(geometry) = geojson::parse(value) else { return false };
    emit(sink, node, rdf::TYPE, Some(terms::GEOMETRY));
    let wkt = Literal::new_typed_literal(geometry.wkt_string(), terms::WKT_LITERAL);
    emit(sink, node, terms::AS_WKT, Some(wkt));
    let json = Literal::new_typed_literal(value.to_string(), terms::GEOJSON_LITERAL);
    emit(sink, node, terms::AS_GEOJSON, Some(json));
    if let geo::Geometry::Point(point) = geometry {
        emit(sink, node, terms::LATITUDE, Some(Literal::from(point.y())));
        emit(sink, node, terms::LONGITUDE, Some(Literal::from(point.x())));
    }
    true
}
