//! Every route on one screen.

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{HttpError, Result};
use super::{dumps, sparql, system};

const READ: &str = "GET, HEAD, OPTIONS";
const QUERY: &str = "GET, HEAD, POST, OPTIONS";

/// Registers every route. HEAD goes with every GET, OPTIONS with everything.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(
            web::resource(["/sparql", "/sparql/{tenant}"])
                .route(web::get().to(sparql::get))
                .route(web::head().to(sparql::get))
                .route(web::post().to(sparql::post))
                .default_service(web::to(|request: HttpRequest| other_method(request, QUERY))),
        )
        .service(
            web::resource(["/dumps/{name}", "/dumps/{tenant}/{name}"])
                .route(web::get().to(dumps::get))
                .route(web::head().to(dumps::get))
                .default_service(web::to(|request: HttpRequest| other_method(request, READ))),
        )
        .service(read("/health", web::get().to(system::health), web::head().to(system::health)))
        .service(read("/ready", web::get().to(system::ready), web::head().to(system::ready)))
        .service(read("/metrics", web::get().to(system::metrics), web::head().to(system::metrics)))
        .service(read("/version", web::get().to(system::version), web::head().to(system::version)))
        .default_service(web::to(nothing_here));
}

fn read(path: &str, get: actix_web::Route, head: actix_web::Route) -> actix_web::Resource {
    let other = web::to(|request: HttpRequest| other_method(request, READ));
    web::resource(path).route(get).route(head).default_service(other)
}

/// A method that the resource does not have; OPTIONS tells those that it has.
async fn other_method(request: HttpRequest, methods: &'static str) -> Result<HttpResponse> {
    if request.method() != Method::OPTIONS {
        return Err(HttpError::MethodNotAllowed(methods));
    }
    Ok(HttpResponse::NoContent().insert_header((ALLOW, methods)).finish())
}

async fn nothing_here(request: HttpRequest) -> Result<HttpResponse> {
    Err(HttpError::NotFound(request.path().chars().take(200).collect()))
}
