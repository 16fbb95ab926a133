//! The parameters of Purge Entities (table 6.4.3.3-1).

use hiroba_vocab::Iri;
use ngsild::query::ProjectionMember;
use ngsild::write::Purge;
use ngsild::{Error, jsonld::Context};

use super::super::problem::Result;
use super::params::Params;
use super::query::{build, geo_params, selectors};
use super::source::Source;
use crate::service::maps::MapId;
use crate::service::purge::PurgeRequest;

/// Parameters of DELETE /entities (table 6.4.3.3-1) besides those that select.
pub const PURGE: &[&str] = &["geometryProperty", "drop", "keep", "local"];

/// What to purge, from the parameters of a DELETE and the entity map that it names.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn purge(params: &Params, context: &Context, map: Option<MapId>) -> Result<PurgeRequest> {
    let (selectors, local) = selectors(params, context)?;
    let geo = geo_params(params, context)?;
    if let Some(property) = params.get("geometryProperty") {
        // The table names it although nothing is shown: its name is checked, and changes nothing.
        context.expand_name(property).map_err(|e| e.at("geometryProperty"))?;
    }
    let what = match (params.get("drop"), params.get("keep")) {
        (None, None) => Purge::Entities,
        (Some(_), None) => {
            let (attributes, scope) = attribute_list("drop", params, context)?;
            Purge::Drop { attributes, scope }
        }
        (None, Some(_)) => Purge::Keep { attributes: attribute_list("keep", params, context)?.0 },
        (Some(_), Some(_)) => return Err(Error::bad_request("drop and keep exclude one another").at("keep").into()),
    };
    let query = build(params, context, selectors, geo, &[], 0)?;
    Ok(PurgeRequest { query, local, what, map })
}

/// The attributes that `drop` or `keep` names, and whether `scope` is among the names.
fn attribute_list(name: &'static str, params: &Params, context: &Context) -> Result<(Vec<Iri>, bool)> {
    let Some(list) = params.projection(name)? else { return Ok((Vec::new(), false)) };
    if list.depth() > 0 {
        return Err(Error::bad_request("members of linked entities cannot be purged").at(name).into());
    }
    let (scope, attributes): (Vec<_>, Vec<_>) = list.0.iter().partition(|member| member.name == "scope");
    let expand = |member: &&ProjectionMember| context.expand_attribute(&member.name).map_err(|e| e.at(name));
    let attributes: Result<_, Error> = attributes.iter().map(expand).collect();
    Ok((attributes?, !scope.is_empty()))
}
