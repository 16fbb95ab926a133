//! `/csourceSubscriptions` and `/csourceSubscriptions/{id}` (6.12, 6.13): subscriptions to context source registrations,
//! of the same form as those to entities.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ngsild::subscription::Subject::Registrations;

use super::problem::Result;
use super::subscriptions::{create_about, delete_about, list_about, retrieve_about, update_about};
use crate::state::AppState;

/// Create Context Source Registration Subscription (6.12.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    create_about(Registrations, request, payload, state).await
}

/// Query Context Source Registration Subscriptions (6.12.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    list_about(Registrations, request, state).await
}

/// Retrieve Context Source Registration Subscription (6.13.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    retrieve_about(Registrations, request, state).await
}

/// Update Context Source Registration Subscription (6.13.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    update_about(Registrations, request, payload, state).await
}

/// Delete Context Source Registration Subscription (6.13.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    delete_about(Registrations, request, state).await
}
