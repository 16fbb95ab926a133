//! What Delete Attribute deletes (6.7.3.2, 6.21.3.1).

use actix_web::HttpRequest;
use hiroba_vocab::DatasetId;
use ngsild::Error;
use ngsild::write::InstanceSelector;

use super::super::problem::Result;
use super::params::Params;
use super::{Names, attribute_name, path_part};
use crate::service::entities::Deleted;

/// Which instances `datasetId` and `deleteAll` choose.
///
/// # Errors
/// BadRequestData when `datasetId` is no URI; InvalidRequest when `deleteAll` is neither true nor false.
pub fn instances(params: &Params) -> Result<InstanceSelector> {
    let all = params.flag("deleteAll")?.unwrap_or(false);
    let named = match params.get("datasetId") {
        None | Some(DatasetId::NONE) => InstanceSelector::Default,
        Some(id) => InstanceSelector::Dataset(DatasetId::parse(id).map_err(|e| Error::from(e).at("datasetId"))?),
    };
    Ok(if all { InstanceSelector::All } else { named })
}

/// The attribute in the path, or the scope.
///
/// # Errors
/// BadRequestData when it is no legal name.
pub fn deleted(request: &HttpRequest, names: &Names, which: InstanceSelector) -> Result<Deleted> {
    match path_part(request, "attr")?.as_str() {
        "scope" => Ok(Deleted::Scope),
        _ => Ok(Deleted::Attribute(attribute_name(request, &names.context)?, which)),
    }
}
