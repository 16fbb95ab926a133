//! How entities are shown: form, projection, language, instances (6.3.7, 6.3.11).

use hiroba_vocab::DatasetId;
use ngsild::language::LanguagePreference;
use ngsild::query::{Projection, ProjectionList};
use ngsild::render::{Form, GeometryChoice};
use ngsild::{Error, jsonld::Context};

use super::super::problem::{HttpError, Result};
use super::accept::Media;
use super::params::Params;
use super::source::Source;

/// Parameters of GET /entities/{id}.
pub const RETRIEVE: &[&str] = &[
    "type",
    "attrs",
    "pick",
    "omit",
    "lang",
    "format",
    "options",
    "local",
    "geometryProperty",
    "datasetId",
    "join",
    "joinLevel",
    "containedBy",
    "entityMap",
    "entityMapLifetime",
];

/// How to show entities.
#[derive(Debug)]
pub struct Representation {
    /// `format`, or the same word in `options`.
    pub form: Form,
    /// `options=sysAttrs`
    pub sys_attrs: bool,
    /// `lang`
    pub lang: Option<LanguagePreference>,
    /// `attrs`, `pick`, `omit`
    pub projection: Projection,
    /// `datasetId`; `None` inside is the default instance.
    pub datasets: Vec<Option<DatasetId>>,
    /// `geometryProperty`
    pub geometry: GeometryChoice,
}

/// How to show entities, from the members or parameters `source` and the URL parameters `params`.
pub(super) fn representation(
    source: &impl Source,
    params: &Params,
    context: &Context,
    media: Media,
) -> Result<Representation> {
    let join = source.text("join")?.filter(|join| join != "@none");
    if join.is_some() {
        return Err(HttpError::NotBuilt("linked entity retrieval (join)"));
    }
    // Without effect here; a wrong one is told all the same.
    params.flag("entityMap")?;
    params.flag("splitEntities")?;
    if params.number("joinLevel")? == Some(0) {
        return Err(Error::bad_request("'joinLevel' is a whole number, 1 or more").at("joinLevel").into());
    }
    let list = |name: &'static str| -> Result<Option<ProjectionList>> {
        let Some(names) = source.list(name)? else { return Ok(None) };
        // Braces may hold commas: join what was split, and let the grammar decide.
        let list = projection_list(name, &names.join(","))?;
        if list.depth() > 0 {
            return Err(Error::bad_request("members of linked entities need the parameter join").at(name).into());
        }
        Ok(Some(list))
    };
    let projection =
        Projection::resolve(list("attrs")?.as_ref(), list("pick")?.as_ref(), list("omit")?.as_ref(), context)?;
    let dataset = |text: &String| match text.as_str() {
        DatasetId::NONE => Ok(None),
        text => DatasetId::parse(text).map(Some).map_err(|e| Error::from(e).at("datasetId")),
    };
    let datasets: Result<Vec<_>, Error> = source.list("datasetId")?.unwrap_or_default().iter().map(dataset).collect();
    let (form, sys_attrs) = form(params)?;
    let property = params.get("geometryProperty");
    if property.is_some() && media != Media::GeoJson {
        return Err(Error::bad_request("geometryProperty needs Accept: application/geo+json")
            .at("geometryProperty")
            .into());
    }
    let property = context.expand_name(property.unwrap_or("location")).map_err(|e| e.at("geometryProperty"))?;
    let datasets = datasets?;
    let dataset_id = if let [one] = datasets.as_slice() { one.clone() } else { None };
    Ok(Representation {
        form,
        sys_attrs,
        lang: source.text("lang")?.map(|text| text.parse()).transpose()?,
        projection,
        geometry: GeometryChoice { property, dataset_id },
        datasets,
    })
}

/// How to show one entity, from the parameters of its retrieval.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn retrieval(params: &Params, context: &Context, media: Media) -> Result<Representation> {
    representation(params, params, context, media)
}

/// The list that a parameter holds; what is wrong with it is told under the parameter's name.
pub(super) fn projection_list(name: &'static str, text: &str) -> Result<ProjectionList, Error> {
    text.parse().map_err(|e: Error| Error { at: e.at.map(|at| at.replacen("projection", name, 1)), ..e })
}

/// `format` and `options` (6.3.7, 6.3.11): `format` wins where both speak.
pub(super) fn form(params: &Params) -> Result<(Form, bool)> {
    let word = |text: &str| match text {
        "normalized" => Some(Form::Normalized),
        "concise" => Some(Form::Concise),
        "simplified" | "keyValues" => Some(Form::Simplified),
        _ => None,
    };
    let (mut form, mut sys_attrs) = (None, false);
    for option in params.get("options").into_iter().flat_map(|options| options.split(',')) {
        match option {
            "sysAttrs" => sys_attrs = true,
            // Older clients ask for the count this way.
            "count" => {}
            option => match word(option) {
                Some(named) => form = Some(named),
                None => return Err(Error::invalid_request(format!("unknown option '{option}'")).at("options").into()),
            },
        }
    }
    if let Some(text) = params.get("format") {
        form = Some(word(text).ok_or_else(|| Error::invalid_request(format!("unknown format '{text}'")).at("format"))?);
    }
    Ok((form.unwrap_or_default(), sys_attrs))
}
