//! The parameters of the discovery of context source registrations (table 6.8.3.2-1).

use ngsild::language::LanguagePreference;
use ngsild::query::filter::Expansions;
use ngsild::query::{Filter, Q, ScopeQuery};
use ngsild::registration::RegistrationQuery;
use ngsild::temporal::{Interval, TimeProperty};
use ngsild::{Error, jsonld::Context};

use super::super::problem::Result;
use super::params::Params;
use super::query::{geo_params, selectors};
use super::representation::selection;

/// How many links the paths in `q` may follow: only the attribute at their beginning matters here.
const LINKS: usize = 10;

/// Parameters of GET /csourceRegistrations.
pub const DISCOVERY: &[&str] = &[
    "type",
    "id",
    "idPattern",
    "attrs",
    "pick",
    "omit",
    "q",
    "georel",
    "geometry",
    "coordinates",
    "geoproperty",
    "geometryProperty",
    "scopeQ",
    "csf",
    "lang",
    "timerel",
    "timeAt",
    "endTimeAt",
    "timeproperty",
    "limit",
    "offset",
    "count",
    "options",
];

/// Which registrations are asked for. `omit`, `lang` and `geometryProperty` are about how entities are shown: their form is
/// checked, and they decide nothing.
///
/// # Errors
/// BadRequestData with the parameter that is wrong, and when nothing narrows the query.
pub fn discovery(params: &Params, context: &Context) -> Result<RegistrationQuery> {
    let (selectors, _) = selectors(params, context)?;
    let geo = geo_params(params, context)?;
    let (projection, _) = selection(params, LINKS, context)?;
    let filter = |name: &str, links: usize| -> Result<_> {
        let at = |e: Error| Error { at: e.at.map(|at| at.replacen('q', name, 1)), ..e };
        let read = |text: &str| text.parse::<Q>()?.resolve_linked(context, &Expansions::default(), links);
        Ok(params.get(name).map(read).transpose().map_err(at)?)
    };
    let (q, csf) = (filter("q", LINKS)?, filter("csf", 0)?);
    let interval = Interval::parse(params.get("timerel"), params.get("timeAt"), params.get("endTimeAt"))?;
    let property = params.get("timeproperty").map(TimeProperty::parse).transpose()?.unwrap_or_default();
    params.get("lang").map(str::parse::<LanguagePreference>).transpose()?;
    let scope = params.get("scopeQ").map(str::parse::<ScopeQuery>).transpose()?;
    if let Some(name) = params.get("geometryProperty") {
        context.expand_name(name).map_err(|e| e.at("geometryProperty"))?;
    }
    let of_q = q.iter().flat_map(Filter::attributes);
    let query = RegistrationQuery {
        selectors,
        attributes: projection.asked().chain(of_q).cloned().collect(),
        datasets: Vec::new(),
        geo,
        temporal: interval.map(|interval| (interval, property)),
        scope,
        csf,
    };
    query.check_not_too_wide(params.get("type").is_some())?;
    Ok(query)
}
