//! How entities are shown: form, projection, language, instances (6.3.7, 6.3.11).

use hiroba_vocab::DatasetId;
use ngsild::language::LanguagePreference;
use ngsild::linked::{Join, Joining};
use ngsild::query::{Projection, ProjectionList};
use ngsild::render::{Form, GeometryChoice, Rendering};
use ngsild::{Error, jsonld::Context};

use super::super::problem::Result;
use super::accept::Media;
use super::join::join;
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
    /// `join`, `joinLevel`, `containedBy`
    pub join: Option<Join>,
}

impl Representation {
    /// How deep linked entities are joined; 0 without `join`.
    pub fn levels(&self) -> usize {
        self.join.as_ref().map_or(0, |join| join.levels)
    }

    /// How to render entities with names as a @context has them, without those that they link to.
    pub fn rendering<'r>(&'r self, context: &'r Context) -> Rendering<'r> {
        Rendering {
            context,
            form: self.form,
            sys_attrs: self.sys_attrs,
            lang: self.lang.as_ref(),
            projection: &self.projection,
            datasets: &self.datasets,
            inline: None,
        }
    }

    /// Which links the answer follows; `None` without `join`.
    pub fn joining(&self) -> Option<Joining<'_>> {
        let join = self.join.as_ref()?;
        Some(Joining { join, projection: &self.projection, datasets: &self.datasets })
    }
}

/// How to show entities, from the members or parameters `source` and the URL parameters `params`.
pub(super) fn representation(
    source: &impl Source,
    params: &Params,
    context: &Context,
    media: Media,
) -> Result<Representation> {
    let join = join(source)?;
    let levels = join.as_ref().map_or(0, |join| join.levels);
    let (projection, datasets) = selection(source, levels, context)?;
    let (form, sys_attrs) = form(params)?;
    let property = params.get("geometryProperty");
    if property.is_some() && media != Media::GeoJson {
        return Err(Error::bad_request("geometryProperty needs Accept: application/geo+json")
            .at("geometryProperty")
            .into());
    }
    let property = context.expand_name(property.unwrap_or("location")).map_err(|e| e.at("geometryProperty"))?;
    let dataset_id = if let [one] = datasets.as_slice() { one.clone() } else { None };
    Ok(Representation {
        form,
        sys_attrs,
        lang: source.text("lang")?.map(|text| text.parse()).transpose()?,
        projection,
        geometry: GeometryChoice { property, dataset_id },
        datasets,
        join,
    })
}

/// Which members and instances to show: `attrs`, `pick`, `omit`, `datasetId`. Braces may be so many levels deep.
pub(super) fn selection(
    source: &impl Source,
    levels: usize,
    context: &Context,
) -> Result<(Projection, Vec<Option<DatasetId>>)> {
    let list = |name: &'static str| -> Result<Option<ProjectionList>> {
        let list = source.projection(name)?;
        if let Some(list) = &list {
            list.check_depth(levels).map_err(|e| e.at(name))?;
        }
        Ok(list)
    };
    let projection =
        Projection::resolve(list("attrs")?.as_ref(), list("pick")?.as_ref(), list("omit")?.as_ref(), context)?;
    let dataset = |text: &String| match text.as_str() {
        DatasetId::NONE => Ok(None),
        text => DatasetId::parse(text).map(Some).map_err(|e| Error::from(e).at("datasetId")),
    };
    let datasets: Result<Vec<_>, Error> = source.list("datasetId")?.unwrap_or_default().iter().map(dataset).collect();
    Ok((projection, datasets?))
}

/// How to show one entity, from the parameters of its retrieval.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn retrieval(params: &Params, context: &Context, media: Media) -> Result<Representation> {
    representation(params, params, context, media)
}

/// `format` and `options` (6.3.7, 6.3.11): `format` wins where both speak.
pub(super) fn form(params: &Params) -> Result<(Form, bool)> {
    let word = |text: &str| match text {
        "normalized" => Some(Form::Normalized),
        "concise" => Some(Form::Concise),
        "simplified" | "keyValues" => Some(Form::Simplified),
        _ => None,
    };
    let Formats { format, options, sys_attrs } = formats(params, word)?;
    Ok((format.or(options.last().copied()).unwrap_or_default(), sys_attrs))
}

/// `options` of documents that are no entities: whether `sysAttrs` is among them, all that can be.
///
/// # Errors
/// InvalidRequest for other words.
pub fn sys_attrs(params: &Params) -> Result<bool> {
    Ok(formats(params, |_| None::<()>)?.sys_attrs)
}

/// What `format` and `options` say.
pub(super) struct Formats<T> {
    /// The word in `format`.
    pub(super) format: Option<T>,
    /// The same words in `options`.
    pub(super) options: Vec<T>,
    /// Whether `sysAttrs` is among them.
    pub(super) sys_attrs: bool,
}

/// Reads `format` and `options`; `word` knows the representations of the operation.
pub(super) fn formats<T>(params: &Params, word: impl Fn(&str) -> Option<T>) -> Result<Formats<T>> {
    let (mut named, mut sys_attrs) = (Vec::new(), false);
    for option in params.get("options").into_iter().flat_map(|options| options.split(',')) {
        match option {
            "sysAttrs" => sys_attrs = true,
            // Older clients ask for the count this way.
            "count" => {}
            option => named.push(
                word(option)
                    .ok_or_else(|| Error::invalid_request(format!("unknown option '{option}'")).at("options"))?,
            ),
        }
    }
    let unknown = |text: &str| Error::invalid_request(format!("unknown format '{text}'")).at("format");
    let format = params.get("format").map(|text| word(text).ok_or_else(|| unknown(text))).transpose()?;
    Ok(Formats { format, options: named, sys_attrs })
}
