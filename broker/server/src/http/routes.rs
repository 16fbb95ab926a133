//! Every route on one screen. A test holds this table against openapi.yaml.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{ACCEPT_PATCH, HttpError, PATCH_TYPES, Result};
use super::{
    attributes, batch, changes, contexts, csource_subscriptions, datasets, discovery, entities, identity, imports,
    linked_data, maps, query, registrations, snapshots, sparql, stream, subscriptions, system, temporal, vocab,
};
use crate::explorer::{self, assets, entity, landing, types};

macro_rules! routes {
    ($($path:literal { $($method:ident $handler:path,)+ })+) => {
        /// Paths with their methods. HEAD goes with every GET, OPTIONS with everything.
        pub static ROUTES: &[(&str, &[&str])] = &[$(($path, &[$(stringify!($method)),+])),+];

        /// Registers every route.
        pub fn configure(config: &mut ServiceConfig) {
            $(
                let resource = web::resource($path);
                $(
                    let resource = resource.route(web::method(Method::$method).to($handler));
                    let resource = if Method::$method == Method::GET { resource.route(web::head().to($handler)) } else { resource };
                )+
                let methods: &'static [&'static str] = &[$(stringify!($method)),+];
                config.service(resource.default_service(web::to(move |request: HttpRequest| other_method(request, methods))));
            )+
            config.default_service(web::to(nothing_here));
        }
    };
}

routes! {
    "/ngsi-ld/v1/entities" { GET query::get, POST entities::create, DELETE entities::purge, }
    "/ngsi-ld/v1/entities/{id}" { GET entities::retrieve, PATCH entities::merge, PUT entities::replace, DELETE entities::delete, }
    "/ngsi-ld/v1/entities/{id}/attrs" { POST attributes::append, PATCH attributes::update, }
    "/ngsi-ld/v1/entities/{id}/attrs/{attr}" { PATCH attributes::partial_update, PUT attributes::replace, DELETE attributes::delete, }
    "/ngsi-ld/v1/entityOperations/create" { POST batch::create, }
    "/ngsi-ld/v1/entityOperations/upsert" { POST batch::upsert, }
    "/ngsi-ld/v1/entityOperations/update" { POST batch::update, }
    "/ngsi-ld/v1/entityOperations/merge" { POST batch::merge, }
    "/ngsi-ld/v1/entityOperations/delete" { POST batch::delete, }
    "/ngsi-ld/v1/entityOperations/query" { POST query::post, }
    "/ngsi-ld/v1/types" { GET discovery::types, }
    "/ngsi-ld/v1/types/{type}" { GET discovery::type_info, }
    "/ngsi-ld/v1/attributes" { GET discovery::attributes, }
    "/ngsi-ld/v1/attributes/{attr}" { GET discovery::attribute_info, }
    "/ngsi-ld/v1/temporal/entities" { GET temporal::query::get, POST temporal::entities::upsert, }
    "/ngsi-ld/v1/temporal/entities/{id}" { GET temporal::entities::retrieve, DELETE temporal::entities::delete, }
    "/ngsi-ld/v1/temporal/entities/{id}/attrs" { POST temporal::attributes::add, }
    "/ngsi-ld/v1/temporal/entities/{id}/attrs/{attr}" { DELETE temporal::attributes::delete, }
    "/ngsi-ld/v1/temporal/entities/{id}/attrs/{attr}/{instance}" { PATCH temporal::attributes::modify, DELETE temporal::attributes::delete_instance, }
    "/ngsi-ld/v1/temporal/entityOperations/query" { POST temporal::query::post, }
    "/ngsi-ld/v1/temporal/entityMaps" { GET temporal::maps::create, POST temporal::maps::create_by_post, }
    "/ngsi-ld/v1/jsonldContexts" { GET contexts::list, POST contexts::add, }
    "/ngsi-ld/v1/jsonldContexts/{id}" { GET contexts::serve, DELETE contexts::delete, }
    "/ngsi-ld/v1/entityMaps" { GET maps::create, POST maps::create_by_post, }
    "/ngsi-ld/v1/entityMaps/{id}" { GET maps::retrieve, PATCH maps::update, DELETE maps::delete, }
    "/ngsi-ld/v1/entityMap/{id}" { GET maps::retrieve, PATCH maps::update, DELETE maps::delete, }
    "/ngsi-ld/v1/info/sourceIdentity" { GET identity::retrieve, }
    "/ngsi-ld/v1/snapshots" { POST snapshots::create, DELETE snapshots::purge, }
    "/ngsi-ld/v1/snapshots/{id}" { GET snapshots::retrieve, PATCH snapshots::update, DELETE snapshots::delete, }
    "/ngsi-ld/v1/snapshots/{id}/clone" { POST snapshots::clone, }
    "/ngsi-ld/v1/subscriptions" { GET subscriptions::list, POST subscriptions::create, }
    "/ngsi-ld/v1/subscriptions/{id}" { GET subscriptions::retrieve, PATCH subscriptions::update, DELETE subscriptions::delete, }
    "/ngsi-ld/v1/csourceRegistrations" { GET registrations::list, POST registrations::create, }
    "/ngsi-ld/v1/csourceRegistrations/{id}" { GET registrations::retrieve, PATCH registrations::update, DELETE registrations::delete, }
    "/ngsi-ld/v1/csourceSubscriptions" { GET csource_subscriptions::list, POST csource_subscriptions::create, }
    "/ngsi-ld/v1/csourceSubscriptions/{id}" { GET csource_subscriptions::retrieve, PATCH csource_subscriptions::update, DELETE csource_subscriptions::delete, }
    "/" { GET landing::landing, }
    "/data/{type}" { GET types::data, }
    "/entities/{id}" { GET entity::entity, }
    "/explore/sparql" { GET explorer::sparql::sparql, }
    "/assets/{name}" { GET assets::asset, }
    "/favicon.ico" { GET assets::favicon, }
    "/sparql" { GET sparql::forward, POST sparql::forward, }
    "/sparql/{tenant}" { GET sparql::forward, POST sparql::forward, }
    "/contexts/{name}" { GET contexts::published, }
    "/vocab" { GET vocab::ontology, }
    "/vocab/{name}" { GET vocab::named, }
    "/vocab/column/{name}" { GET vocab::column, }
    "/vocab/code/{list}" { GET vocab::code_list, }
    "/vocab/code/{list}/{code}" { GET vocab::code, }
    "/id/{id}" { GET linked_data::identifier::describe, }
    "/.well-known/void" { GET linked_data::void::void, }
    "/dumps/{name}" { GET linked_data::dumps::dump, }
    "/dumps/{tenant}/{name}" { GET linked_data::dumps::dump, }
    "/ldes" { GET linked_data::event_stream::stream, }
    "/ldes/{tenant}" { GET linked_data::event_stream::stream, }
    "/stream" { GET stream::stream, }
    "/changes" { GET changes::feed, }
    "/changes/snapshot" { GET changes::snapshot, }
    "/datasets" { GET linked_data::dataset::catalogue, }
    "/datasets/{id}" { GET linked_data::dataset::dataset, }
    "/datasets/{id}/versions" { GET datasets::versions, }
    "/datasets/{id}/changes" { GET datasets::changes, }
    "/subscriptions/{id}/deadLetters" { GET subscriptions::dead_letters, }
    "/subscriptions/{id}/deadLetters/replay" { POST subscriptions::replay, }
    "/imports" { GET imports::page, POST imports::create, }
    "/imports/{id}" { GET imports::retrieve, POST imports::again, DELETE imports::forget, }
    "/imports/{id}/report" { GET imports::report, }
    "/imports/{id}/corrected" { GET imports::corrected, }
    "/health" { GET system::health, }
    "/ready" { GET system::ready, }
    "/metrics" { GET system::metrics, }
    "/version" { GET system::version, }
    "/openapi.json" { GET system::openapi, }
}

/// A method that the resource does not have; OPTIONS tells those that it has.
async fn other_method(request: HttpRequest, methods: &'static [&'static str]) -> Result<HttpResponse> {
    let mut allowed = methods.join(", ");
    if methods.contains(&"GET") {
        allowed.push_str(", HEAD");
    }
    allowed.push_str(", OPTIONS");
    if request.method() != Method::OPTIONS {
        return Err(HttpError::MethodNotAllowed(allowed));
    }
    let mut response = HttpResponse::NoContent();
    if let Ok(allowed) = HeaderValue::from_str(&allowed) {
        response.insert_header((ALLOW, allowed));
    }
    if methods.contains(&"PATCH") {
        response.insert_header((ACCEPT_PATCH, PATCH_TYPES));
    }
    Ok(response.finish())
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse> {
    Err(HttpError::NotFound(request.path().to_owned()))
}
