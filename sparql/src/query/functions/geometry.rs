//! Geometries and units as RDF terms.

use std::sync::{Arc, Mutex, PoisonError};

use geo::Geometry;
use oxigraph::model::vocab::xsd;
use oxigraph::model::{Literal, NamedNodeRef, Term};
use wkt::TryFromWkt;

const WKT_LITERAL: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://www.opengis.net/ont/geosparql#wktLiteral");
const GEOJSON_LITERAL: NamedNodeRef<'static> =
    NamedNodeRef::new_unchecked("http://www.opengis.net/ont/geosparql#geoJSONLiteral");
/// The one reference system that is understood: longitude and latitude, WGS 84. It is also what is meant by none.
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// How long a text must be before it is worth remembering what it means, and how many are remembered.
const LONG: usize = 100;
const REMEMBERED: usize = 8;

/// The long geometries of one query, read once: a query holds many points against the same few areas.
#[derive(Debug, Default)]
pub(super) struct Geometries {
    known: Mutex<Vec<(Literal, Arc<Geometry<f64>>)>>,
}

impl Geometries {
    /// The geometry that a `geo:wktLiteral` or `geo:geoJSONLiteral` stands for; `None` for other terms and text that is
    /// none.
    pub(super) fn read(&self, term: &Term) -> Option<Arc<Geometry<f64>>> {
        let Term::Literal(literal) = term else { return None };
        if literal.value().len() < LONG {
            return parse(literal).map(Arc::new);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, geometry)) = known.iter().find(|(other, _)| other == literal) {
            return Some(Arc::clone(geometry));
        }
        let geometry = Arc::new(parse(literal)?);
        if known.len() >= REMEMBERED {
            known.remove(0);
        }
        known.push((literal.clone(), Arc::clone(&geometry)));
        Some(geometry)
    }
}

fn parse(literal: &Literal) -> Option<Geometry<f64>> {
    let text = literal.value().trim();
    if literal.datatype() == WKT_LITERAL {
        let text = match text.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            Some((CRS84, rest)) => rest.trim_start(),
            Some(_) => return None,
            None => text,
        };
        Geometry::try_from_wkt_str(text).ok()
    } else if literal.datatype() == GEOJSON_LITERAL {
        ngsild::geometry::parse(&serde_json::from_str(text).ok()?).ok()
    } else {
        None
    }
}

/// A geometry's text as a term.
pub(super) fn wkt_literal(text: String) -> Literal {
    Literal::new_typed_literal(text, WKT_LITERAL)
}

/// How many metres a unit has: an IRI, or a text with the datatype `xsd:anyURI`.
pub(super) fn metres_per_unit(unit: &Term) -> Option<f64> {
    let iri = match unit {
        Term::NamedNode(name) => name.as_str(),
        Term::Literal(literal) if literal.datatype() == xsd::ANY_URI => literal.value(),
        _ => return None,
    };
    match iri.strip_prefix("http://www.opengis.net/def/uom/OGC/1.0/")? {
        "metre" | "meter" => Some(1.0),
        "kilometre" | "kilometer" => Some(1_000.0),
        _ => None,
    }
}

/// The number that a literal stands for.
pub(super) fn number(term: &Term) -> Option<f64> {
    let Term::Literal(literal) = term else { return None };
    let numeric = [xsd::INTEGER, xsd::DECIMAL, xsd::DOUBLE, xsd::FLOAT].contains(&literal.datatype());
    literal.value().parse().ok().filter(|number: &f64| numeric && number.is_finite())
}
