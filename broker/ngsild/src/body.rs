//! What the bodies have in common that describe something other than entities: subscriptions, registrations, snapshots.

use hiroba_vocab::Iri;
use hiroba_vocab::ngsi_ld::NULL;
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The members of a body that must be of a `type`; where `partly`, it may leave that out (5.8.2, 5.9.3).
///
/// # Errors
/// BadRequestData when it is no object, or of another type.
pub(crate) fn of_type<'b>(body: &'b Value, kind: &str, partly: bool) -> Result<&'b Map<String, Value>> {
    let Value::Object(members) = body else {
        return Err(Error::bad_request(format!("a {kind} is a JSON object")));
    };
    match members.get("type") {
        Some(Value::String(name)) if name == kind => Ok(members),
        None if partly => Ok(members),
        _ => Err(Error::bad_request(format!("'type' must be \"{kind}\"")).at("/type")),
    }
}

/// The member `id`.
///
/// # Errors
/// BadRequestData when it is no URI.
pub(crate) fn id(value: &Value) -> Result<Iri> {
    let id = value.as_str().ok_or_else(|| Error::bad_request("'id' is a URI")).and_then(|text| Ok(Iri::parse(text)?));
    id.map_err(|error| error.at("/id"))
}

/// Whether a member of an update takes the old one away: JSON null, or the NGSI-LD Null (5.5.8).
pub(crate) fn is_null(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some(NULL)
}
