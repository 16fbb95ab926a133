//! The parameters of the temporal API (tables 6.18.3.2-1, 6.19.3.1-1), in URLs and in Query bodies (5.2.21, 5.2.23).

use ngsild::language::LanguagePreference;
use ngsild::query::{EntitySelector, GeoQuery, OrderBy, OrderDirection};
use ngsild::render::TemporalForm;
use ngsild::temporal::{Aggregation, Interval, TemporalQuery, TimeProperty};
use ngsild::{Error, jsonld::Context};
use serde_json::{Map, Value};

use super::super::problem::Result;
use super::params::Params;
use super::query::{body_selectors, build, geo_params, geo_query, page, query_object, selectors};
use super::representation::{Formats, formats, selection};
use super::source::Source;
use crate::config::Config;
use crate::service::temporal::{TemporalRequest, TemporalSelection};

/// Parameters of GET /temporal/entities/{id}.
pub const RETRIEVE_TEMPORAL: &[&str] = &[
    "attrs",
    "pick",
    "omit",
    "datasetId",
    "lang",
    "timerel",
    "timeAt",
    "endTimeAt",
    "timeproperty",
    "lastN",
    "aggrMethods",
    "aggrPeriodDuration",
    "format",
    "options",
    "local",
    "entityMap",
    "entityMapLifetime",
];

/// Parameters of GET /temporal/entities besides those that select, and those of [`RETRIEVE_TEMPORAL`].
pub const QUERY_TEMPORAL: &[&str] = &["limit", "offset", "count", "orderBy", "splitEntities"];

/// Parameters of POST /temporal/entityOperations/query: what is no member of Query.
pub const POST_TEMPORAL: &[&str] =
    &["limit", "offset", "count", "format", "options", "local", "splitEntities", "entityMap", "entityMapLifetime"];

/// Members of Query that say nothing of the past (5.7.4).
const OF_THE_PRESENT: [&str; 3] = ["join", "joinLevel", "containedBy"];

/// How to show series.
#[derive(Debug)]
pub struct TemporalRepresentation {
    /// As instances or as pairs; what was aggregated is shown as such.
    pub form: TemporalForm,
    /// `options=sysAttrs`
    pub sys_attrs: bool,
    /// `lang`
    pub lang: Option<LanguagePreference>,
}

/// The representations that `format` and `options` name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Normalized,
    Values,
    Aggregated,
}

/// Checks the parameters of a POST by themselves, before its body is read.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn check_params(params: &Params, config: &Config) -> Result<()> {
    params.flag("local")?;
    word(params)?;
    page(params, config).map(drop)
}

fn word(params: &Params) -> Result<(Word, bool)> {
    let Formats { format, options, sys_attrs } = formats(params, |text| match text {
        "normalized" => Some(Word::Normalized),
        "temporalValues" => Some(Word::Values),
        "aggregatedValues" => Some(Word::Aggregated),
        _ => None,
    })?;
    if options.contains(&Word::Values) && options.contains(&Word::Aggregated) {
        let detail = "temporalValues and aggregatedValues exclude one another";
        return Err(Error::invalid_request(detail).at("options").into());
    }
    Ok((format.or(options.last().copied()).unwrap_or(Word::Normalized), sys_attrs))
}

/// What of an entity's past to show, and how, from the parameters of its retrieval.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn retrieval(params: &Params, context: &Context) -> Result<(TemporalRequest, TemporalRepresentation)> {
    params.flag("local")?;
    let temporal = temporal_query(params, params.number("lastN")?)?;
    what(params, params, params, temporal, context)
}

/// A temporal query and how to show its result, from the parameters of a GET.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn from_params(
    params: &Params,
    context: &Context,
    config: &Config,
) -> Result<(TemporalSelection, TemporalRequest, TemporalRepresentation)> {
    let (selectors, local) = selectors(params, context)?;
    let geo = geo_params(params, context)?;
    let (request, representation) = retrieval(params, context)?;
    check_interval(&request.temporal)?;
    let order = params.get("orderBy").map(str::parse).transpose()?;
    let chosen = Chosen { selectors, geo, local, order };
    Ok((select(params, params, context, config, &request, chosen)?, request, representation))
}

/// A temporal query and how to show its result, from the body and the parameters of a POST.
///
/// # Errors
/// BadRequestData or InvalidRequest with the member or parameter that is wrong.
pub fn from_body(
    body: &Value,
    params: &Params,
    context: &Context,
    config: &Config,
) -> Result<(TemporalSelection, TemporalRequest, TemporalRepresentation)> {
    let body = query_object(body)?;
    if let Some(name) = OF_THE_PRESENT.into_iter().find(|name| body.contains_key(*name)) {
        let detail = format!("'{name}' belongs to queries of entities as they are");
        return Err(Error::bad_request(detail).at(format!("/{name}")).into());
    }
    let object = |name: &'static str| match body.get(name) {
        None => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Error::bad_request(format!("'{name}' is an object")).at(format!("/{name}"))),
    };
    let (selectors, local) = body_selectors(body, params, context)?;
    let geo = body.get("geoQ").map(|geo| geo_query(geo, context)).transpose()?;
    let nothing = Map::new();
    let temporal_q = object("temporalQ")?.unwrap_or(&nothing);
    let last = match temporal_q.get("lastN") {
        None => None,
        Some(number) => {
            let wrong = || Error::bad_request("'lastN' is a whole number, 1 or more").at("/temporalQ/lastN");
            Some(number.as_u64().and_then(|number| usize::try_from(number).ok()).ok_or_else(wrong)?)
        }
    };
    let temporal = temporal_query(temporal_q, last).map_err(|e| e.within("/temporalQ"))?;
    check_interval(&temporal).map_err(|e| e.within("/temporalQ"))?;
    // The standard lists the methods both in a member of their own and in temporalQ.
    let aggregation = object("aggrParams")?.unwrap_or(temporal_q);
    let (request, representation) = what(body, params, aggregation, temporal, context)?;
    let order = match object("ordering")? {
        None => None,
        Some(ordering) => {
            let keys = ordering
                .list("orderBy")?
                .ok_or_else(|| Error::bad_request("'ordering' needs an array 'orderBy'").at("/ordering"))?;
            Some(keys.join(",").parse()?)
        }
    };
    let chosen = Chosen { selectors, geo, local, order };
    Ok((select(body, params, context, config, &request, chosen)?, request, representation))
}

/// The temporal query (5.2.21).
fn temporal_query(source: &impl Source, last: Option<usize>) -> Result<TemporalQuery> {
    let (rel, at, end) = (source.text("timerel")?, source.text("timeAt")?, source.text("endTimeAt")?);
    let interval = Interval::parse(rel.as_deref(), at.as_deref(), end.as_deref())?;
    let property = source.text("timeproperty")?.map(|name| TimeProperty::parse(&name)).transpose()?.unwrap_or_default();
    if last == Some(0) {
        return Err(Error::bad_request("'lastN' is a whole number, 1 or more").at("lastN").into());
    }
    Ok(TemporalQuery { interval, property, last })
}

/// A query over many entities is about an interval (5.7.4).
fn check_interval(temporal: &TemporalQuery) -> Result<()> {
    if temporal.interval.is_some() {
        return Ok(());
    }
    Err(Error::bad_request("a temporal query needs 'timerel' and 'timeAt'").at("timerel").into())
}

/// What to show, and how.
fn what(
    source: &impl Source,
    params: &Params,
    aggregation: &impl Source,
    temporal: TemporalQuery,
    context: &Context,
) -> Result<(TemporalRequest, TemporalRepresentation)> {
    let (projection, datasets) = selection(source, 0, context)?;
    let (word, sys_attrs) = word(params)?;
    let (methods, period) = (aggregation.list("aggrMethods")?, aggregation.text("aggrPeriodDuration")?);
    let aggregation = if word == Word::Aggregated || methods.is_some() {
        let methods = methods.unwrap_or_default();
        Some(Aggregation::parse(methods.iter().map(String::as_str), period.as_deref())?)
    } else {
        None
    };
    let lang = source.text("lang")?.map(|text| text.parse()).transpose()?;
    let form = if word == Word::Values { TemporalForm::Values } else { TemporalForm::Normalized };
    let aggregation = aggregation.filter(|_| word == Word::Aggregated);
    Ok((
        TemporalRequest { temporal, projection, datasets, aggregation },
        TemporalRepresentation { form, sys_attrs, lang },
    ))
}

/// Which entities were chosen, as far as parameters and bodies differ in how they say so.
struct Chosen {
    selectors: Vec<EntitySelector>,
    geo: Option<GeoQuery>,
    local: bool,
    order: Option<OrderBy>,
}

fn select(
    source: &impl Source,
    params: &Params,
    context: &Context,
    config: &Config,
    request: &TemporalRequest,
    chosen: Chosen,
) -> Result<TemporalSelection> {
    let Chosen { selectors, geo, local, order } = chosen;
    let by_id = match &order {
        None => None,
        Some(_) if !local => return Err(Error::bad_request("ordering needs local=true").at("orderBy").into()),
        Some(OrderBy(keys)) => match keys.as_slice() {
            [key] if key.path.to_string() == "id" && !key.direction.is_distance() => {
                Some(key.direction == OrderDirection::Descending)
            }
            _ => return Err(Error::bad_request("temporal queries are ordered by id alone").at("orderBy").into()),
        },
    };
    let query = build(source, context, selectors, geo, request.projection.attrs(), 0)?;
    Ok(TemporalSelection { query, local, by_id, page: page(params, config)? })
}
