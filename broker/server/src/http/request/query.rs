//! The parameters of queries (table 6.4.3.2-1), in URLs and in the Query bodies of POST (5.2.23), read into the same
//! types.

use std::sync::Arc;

use hiroba_store::Page;
use hiroba_vocab::{EntityId, Iri};
use ngsild::query::filter::Expansions;
use ngsild::query::{
    EntitySelector, GeoQuery, IdPattern, OrderBy, Ordering, Place, Q, Query, SelectorLimits, TypeSelection,
};
use ngsild::{Error, ErrorKind, jsonld::Context};
use serde_json::{Map, Value};

use super::super::problem::{HttpError, Result};
use super::accept::Media;
use super::params::Params;
use super::representation::{Representation, form, representation};
use super::source::Source;
use crate::config::Config;
use crate::service::query::QueryRequest;

/// Parameters that select entities, wherever queries do.
pub const SELECTION: &[&str] = &[
    "id",
    "type",
    "idPattern",
    "q",
    "csf",
    "georel",
    "geometry",
    "coordinates",
    "geoproperty",
    "scopeQ",
    "expandValues",
    "jsonKeys",
];

/// Parameters of GET /entities besides [`SELECTION`].
pub const QUERY: &[&str] = &[
    "attrs",
    "pick",
    "omit",
    "geometryProperty",
    "lang",
    "limit",
    "offset",
    "count",
    "format",
    "options",
    "local",
    "orderBy",
    "collation",
    "orderFrom",
    "orderGeometry",
    "datasetId",
    "join",
    "joinLevel",
    "containedBy",
    "splitEntities",
    "entityMap",
    "entityMapLifetime",
];

/// Parameters of POST /entityOperations/query: what is no member of Query.
pub const POST_QUERY: &[&str] = &[
    "limit",
    "offset",
    "count",
    "format",
    "options",
    "local",
    "geometryProperty",
    "splitEntities",
    "entityMap",
    "entityMapLifetime",
];

/// Members of Query (5.2.23).
const QUERY_MEMBERS: &[&str] = &[
    "type",
    "entities",
    "attrs",
    "pick",
    "omit",
    "q",
    "csf",
    "geoQ",
    "scopeQ",
    "temporalQ",
    "lang",
    "expandValues",
    "jsonKeys",
    "datasetId",
    "join",
    "joinLevel",
    "containedBy",
    "splitEntities",
    "entityMap",
    "entityMapLifetime",
    "ordering",
    "aggrParams",
    "@context",
];

/// The entities that the parameters `type`, `id`, `idPattern` select, and whether that is local: `type=*` says so.
pub(super) fn selectors(params: &Params, context: &Context) -> Result<(Vec<EntitySelector>, bool)> {
    let mut selector = EntitySelector::default();
    let mut local = params.local()?.unwrap_or(false);
    if let Some(text) = params.get("type") {
        let selection: TypeSelection = text.parse()?;
        if selection == TypeSelection::Any {
            if params.local()? == Some(false) {
                return Err(Error::bad_request("type=* is local; local=false contradicts it").at("local").into());
            }
            local = true;
        }
        selector.types = selection.resolve(context)?;
    }
    if let Some(text) = params.get("id") {
        selector.ids = entity_ids(text.split(','))?;
    }
    selector.id_pattern = params.get("idPattern").map(str::parse).transpose()?;
    let selects = !selector.ids.is_empty() || selector.id_pattern.is_some() || selector.types.is_some();
    Ok((if selects { vec![selector] } else { Vec::new() }, local))
}

/// The geoquery in the parameters, if there is one (4.10).
pub(super) fn geo_params(params: &Params, context: &Context) -> Result<Option<GeoQuery>> {
    match (params.get("georel"), params.get("geometry"), params.get("coordinates")) {
        (None, None, None) => Ok(None),
        (Some(georel), Some(geometry), Some(coordinates)) => {
            let property = params.get("geoproperty").unwrap_or("location");
            let property = context.expand_name(property).map_err(|e| e.at("geoproperty"))?;
            Ok(Some(GeoQuery::new(georel, geometry, &Value::from(coordinates), property)?))
        }
        _ => Err(HttpError::bad_request("georel, geometry and coordinates come together or not at all")),
    }
}

/// A query and how to show its result, from the parameters of a GET.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn from_params(
    params: &Params,
    context: &Context,
    media: Media,
    config: &Config,
) -> Result<(QueryRequest, Representation)> {
    let (selectors, local) = selectors(params, context)?;
    let geo = geo_params(params, context)?;
    let representation = representation(params, params, context, media)?;
    let ordering = match params.get("orderBy") {
        None => None,
        Some(text) => {
            let geometry = params.get("orderGeometry").unwrap_or("Point");
            let place = params.get("orderFrom").map(|from| Place::new(geometry, &Value::from(from))).transpose()?;
            Some(resolve_order(&text.parse()?, params.get("collation"), place, context, local)?)
        }
    };
    let query = build(params, context, selectors, geo, representation.projection.attrs(), representation.levels())?;
    let local = local || (params.local()?.is_none() && asks_for_everything(&query));
    Ok((QueryRequest { query, local, ordering, page: page(params, config)? }, representation))
}

/// Whether nothing is asked but an id pattern that every id matches: the `type=*` of clients that are older than it, of
/// FiLiP above all. Anything else selects enough, or is too wide.
fn asks_for_everything(query: &Query) -> bool {
    let universal = |selector: &EntitySelector| selector.id_pattern.as_ref().is_some_and(IdPattern::is_universal);
    query.selectors.iter().any(universal) && query.check_not_too_wide().is_err()
}

/// A query and how to show its result, from the body and the parameters of a POST.
///
/// # Errors
/// BadRequestData or InvalidRequest with the member or parameter that is wrong.
pub fn from_body(
    body: &Value,
    params: &Params,
    context: &Context,
    media: Media,
    config: &Config,
) -> Result<(QueryRequest, Representation)> {
    let body = query_object(body)?;
    if let Some(name) = ["temporalQ", "aggrParams"].into_iter().find(|name| body.contains_key(*name)) {
        return Err(Error::bad_request(format!("'{name}' belongs to temporal queries")).at(format!("/{name}")).into());
    }
    let (selectors, local) = body_selectors(body, params, context)?;
    let geo = body.get("geoQ").map(|geo| geo_query(geo, context)).transpose()?;
    let representation = representation(body, params, context, media)?;
    let ordering = body.get("ordering").map(|order| ordering(order, context, local)).transpose()?;
    let query = build(body, context, selectors, geo, representation.projection.attrs(), representation.levels())?;
    Ok((QueryRequest { query, local, ordering, page: page(params, config)? }, representation))
}

/// How many selectors the body of a query may have.
const SELECTORS: SelectorLimits = SelectorLimits { selectors: 500, patterns: 50, error: ErrorKind::TooComplexQuery };

/// The members of a Query (5.2.23).
pub(super) fn query_object(body: &Value) -> Result<&Map<String, Value>> {
    let Value::Object(body) = body else { return Err(HttpError::bad_request("a Query is a JSON object")) };
    if body.get("type").and_then(Value::as_str) != Some("Query") {
        return Err(Error::bad_request("'type' must be \"Query\"").at("/type").into());
    }
    if let Some(unknown) = body.keys().find(|key| !QUERY_MEMBERS.contains(&key.as_str())) {
        return Err(Error::bad_request(format!("'{unknown}' is no member of Query")).at(format!("/{unknown}")).into());
    }
    Ok(body)
}

/// The entities that the member `entities` selects, and whether that is local: a selector of any type says so.
pub(super) fn body_selectors(
    body: &Map<String, Value>,
    params: &Params,
    context: &Context,
) -> Result<(Vec<EntitySelector>, bool)> {
    let local = params.local()?.unwrap_or(false);
    let Some(entities) = body.get("entities") else { return Ok((Vec::new(), local)) };
    let selectors = EntitySelector::list_from_json(entities, context, SELECTORS);
    let (selectors, any_type) = selectors.map_err(|e| e.inside("/entities"))?;
    Ok((selectors, local || any_type))
}

/// Checks the parameters of a POST by themselves, before its body is read.
///
/// # Errors
/// BadRequestData or InvalidRequest with the parameter that is wrong.
pub fn check_params(params: &Params, config: &Config) -> Result<()> {
    params.flag("local")?;
    form(params)?;
    page(params, config).map(drop)
}

fn entity_ids<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Vec<EntityId>, Error> {
    texts.map(|text| EntityId::parse(text).map_err(|e| Error::from(e).at("id"))).collect()
}

/// The member `geoQ` of a Query.
pub(super) fn geo_query(geo: &Value, context: &Context) -> Result<GeoQuery> {
    Ok(GeoQuery::from_json(geo, context).map_err(|e| e.inside("/geoQ"))?)
}

fn ordering(order: &Value, context: &Context, local: bool) -> Result<Arc<Ordering>> {
    let wrong = |detail: &str| Error::bad_request(detail).at("/ordering");
    let keys =
        order.get("orderBy").and_then(Value::as_array).ok_or_else(|| wrong("'ordering' needs an array 'orderBy'"))?;
    let keys: Option<Vec<&str>> = keys.iter().map(Value::as_str).collect();
    let keys: OrderBy = keys.ok_or_else(|| wrong("'orderBy' holds strings"))?.join(",").parse()?;
    let geometry = order.get("geometry").and_then(Value::as_str).unwrap_or("Point");
    let place = order.get("coordinates").map(|from| Place::new(geometry, from)).transpose()?;
    resolve_order(&keys, order.get("collation").and_then(Value::as_str), place, context, local)
}

fn resolve_order(
    order: &OrderBy,
    collation: Option<&str>,
    place: Option<Place>,
    context: &Context,
    local: bool,
) -> Result<Arc<Ordering>> {
    if !local {
        return Err(Error::bad_request("ordering needs local=true").at("orderBy").into());
    }
    Ok(Arc::new(Ordering::resolve(order, collation, place, context)?))
}

/// The conjunction of everything that selects. `levels` is how deep linked entities are joined: `q` may look as far.
pub(super) fn build(
    source: &impl Source,
    context: &Context,
    selectors: Vec<EntitySelector>,
    geo: Option<GeoQuery>,
    attributes: &[Iri],
    levels: usize,
) -> Result<Query> {
    let filter = match source.text("q")? {
        None => None,
        Some(text) => {
            let expansions = Expansions { values: source.list("expandValues")?.unwrap_or_default() };
            // `jsonKeys` says which keys are raw; all keys inside values are kept raw here, so it changes nothing.
            source.list("jsonKeys")?;
            Some(text.parse::<Q>()?.resolve_linked(context, &expansions, levels)?)
        }
    };
    if let Some(text) = source.text("csf")? {
        // No registrations, so nothing to filter; its syntax is checked all the same.
        text.parse::<Q>().map_err(|e| Error { at: e.at.map(|at| at.replacen('q', "csf", 1)), ..e })?;
    }
    let scope = source.text("scopeQ")?.map(|text| text.parse()).transpose()?;
    Ok(Query { selectors, attributes: attributes.to_vec(), filter, geo, scope })
}

/// `limit`, `offset`, `count` (6.3.10, 6.3.13).
///
/// # Errors
/// BadRequestData for numbers that are none, or for `limit=0` without `count=true`; TooManyResults over the maximum.
pub fn page(params: &Params, config: &Config) -> Result<Page> {
    let by_option = params.get("options").is_some_and(|options| options.split(',').any(|option| option == "count"));
    let count = params.flag("count")?.unwrap_or(by_option);
    let limit = params.number("limit")?.unwrap_or(config.default_limit);
    if limit == 0 && !count {
        return Err(Error::bad_request("limit=0 needs count=true").at("limit").into());
    }
    if limit > config.max_limit {
        let detail = format!("a page holds at most {} entities", config.max_limit);
        return Err(Error::new(ErrorKind::TooManyResults, detail).at("limit").into());
    }
    Ok(Page { after: 0, offset: params.number("offset")?.unwrap_or(0), limit, count })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use ngsild::render::Form;

    use super::*;

    fn read(query: &str) -> Result<(QueryRequest, Representation)> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let params = Params::of(&request, &[SELECTION, QUERY].concat())?;
        crate::http::request::maps::wish(&request, &params, None)?;
        let config = Config::new(([127, 0, 0, 1], 0).into(), "");
        from_params(&params, &Context::core(), Media::Json, &config)
    }

    #[test]
    fn parameters_that_are_wrong_are_named() {
        for (query, place) in [
            ("type=A%20B", "type, character 2"),
            ("id=nonsense", "id"),
            ("idPattern=(", "idPattern"),
            ("type=A&q=a==", "q, character 4"),
            ("type=A&csf=a==", "csf, character 4"),
            ("type=A&georel=near&geometry=Point&coordinates=[1,2]", "georel"),
            ("type=A&scopeQ=a%20b", "scopeQ, character 2"),
            ("type=A&pick=a&omit=a", "omit"),
            ("type=A&attrs=type", "attrs"),
            ("type=A&pick=a%7Bb%7D", "pick"),
            ("type=A&pick=a%7Bb%7Bc%7D%7D&join=flat", "pick"),
            ("type=A&omit=a%7Bb%7D", "omit"),
            ("type=A&attrs=a%7Bb%7D&join=flat", "attrs"),
            ("type=A&join=inline&pick=a%7Bb", "pick, character 4"),
            ("type=A&join=inline&pick=id%7Bb%7D", "pick"),
            ("type=A&q=a%7Bb%7D==1", "q"),
            ("type=A&q=a%7Bb%7D==1&join=@none", "q"),
            ("type=A&q=a%7Bb%7Bc%7D%7D==1&join=inline&joinLevel=1", "q"),
            ("type=A&join=sideways", "join"),
            ("type=A&join=", "join"),
            ("type=A&joinLevel=1", "joinLevel"),
            ("type=A&join=@none&joinLevel=1", "joinLevel"),
            ("type=A&join=flat&joinLevel=0", "joinLevel"),
            ("type=A&join=flat&joinLevel=-1", "joinLevel"),
            ("type=A&join=flat&joinLevel=1.5", "joinLevel"),
            ("type=A&join=flat&joinLevel=two", "joinLevel"),
            ("type=A&join=flat&joinLevel=11", "joinLevel"),
            ("type=A&join=flat&containedBy=urn:x:1", "containedBy"),
            ("type=A&containedBy=urn:x:1", "containedBy"),
            ("type=A&join=flat&joinLevel=1&containedBy=nonsense", "containedBy"),
            ("type=A&datasetId=x", "datasetId"),
            ("type=A&lang=not_a_tag", "lang"),
            ("type=A&limit=-1", "limit"),
            ("type=A&limit=0", "limit"),
            ("type=A&limit=1001", "limit"),
            ("type=A&offset=x", "offset"),
            ("type=A&count=yes", "count"),
            ("type=A&options=odd", "options"),
            ("type=A&format=odd", "format"),
            ("type=A&joinLevel=0", "joinLevel"),
            ("type=A&entityMap=odd", "entityMap"),
            ("type=A&splitEntities=odd", "splitEntities"),
            ("type=A&geometryProperty=location", "geometryProperty"),
            ("type=A&orderBy=a", "orderBy"),
            ("type=A&local=true&orderBy=a;dist-asc", "orderBy"),
            ("type=A&local=true&orderBy=a&collation=%20", "collation"),
            ("type=*&local=false", "local"),
        ] {
            let error = read(query).map(drop).unwrap_err();
            let HttpError::Service(crate::service::ServiceError::Ngsild(error)) = error else {
                panic!("{query}: {error}")
            };
            assert_eq!(error.at.as_deref(), Some(place), "{query}: {error}");
        }
        assert!(read("type=A&georel=within").is_err());
        assert!(read("unknown=1").is_err());
        assert!(read("type=A&type=B").is_err());
    }

    #[test]
    fn the_newer_word_wins_and_older_ones_still_count() {
        let (request, shown) = read("type=A&options=keyValues,sysAttrs,count&format=concise&limit=5&offset=3").unwrap();
        assert_eq!((shown.form, shown.sys_attrs), (Form::Concise, true));
        assert_eq!(request.page, Page { after: 0, offset: 3, limit: 5, count: true });
        assert!(read("type=*").unwrap().0.local);
    }
}
