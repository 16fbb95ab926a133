//! Geometries and units as RDF terms.

use std::sync::{Arc, Mutex, PoisonError};

use geo::Geometry;
use oxigraph::model::vocab::xsd;
use oxigraph::model::{Literal, Term};

use crate::geometry::{WKT_LITERAL, parse};

/// How long a text must be before it is worth remembering what it means, and how many are remembered.
const LONG: usize = 100;
const REMEMBERED: usize = 8;

/// The long geometries of one query, read once: a query holds many points against the same few areas.
#[derive(Debug, Default)]
pub(in crate::query) struct Geometries {
    known: Mutex<Vec<(Literal, Arc<Geometry<f64>>)>>,
}

impl Geometries {
    /// The geometry that a `geo:wktLiteral` or `geo:geoJSONLiteral` stands for; `None` for other terms and text that is
    /// none.
    pub(in crate::query) fn read(&self, term: &Term) -> Option<Arc<Geometry<f64>>> {
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

/// A geometry's text as a term.
pub(super) fn wkt_literal(text: String) -> Literal {
    Literal::new_typed_literal(text, WKT_LITERAL)
}

/// How many metres a unit has: an IRI, or a text with the datatype `xsd:anyURI`.
pub(in crate::query) fn metres_per_unit(unit: &Term) -> Option<f64> {
    match local_name(unit)? {
        "metre" | "meter" => Some(1.0),
        "kilometre" | "kilometer" => Some(1_000.0),
        _ => None,
    }
}

/// How many square metres a unit has.
pub(super) fn square_metres_per_unit(unit: &Term) -> Option<f64> {
    match local_name(unit)? {
        "square_metre" | "square_meter" => Some(1.0),
        "square_kilometre" | "square_kilometer" => Some(1_000_000.0),
        _ => None,
    }
}

/// What stands after the namespace of OGC's units.
fn local_name(unit: &Term) -> Option<&str> {
    let iri = match unit {
        Term::NamedNode(name) => name.as_str(),
        Term::Literal(literal) if literal.datatype() == xsd::ANY_URI => literal.value(),
        _ => return None,
    };
    iri.strip_prefix("http://www.opengis.net/def/uom/OGC/1.0/")
}

/// The number that a literal stands for.
pub(in crate::query) fn number(term: &Term) -> Option<f64> {
    let Term::Literal(literal) = term else { return None };
    let numeric = [xsd::INTEGER, xsd::DECIMAL, xsd::DOUBLE, xsd::FLOAT].contains(&literal.datatype());
    literal.value().parse().ok().filter(|number: &f64| numeric && number.is_finite())
}
