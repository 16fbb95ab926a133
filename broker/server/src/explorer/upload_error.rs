//! What is wrong with a file or a request, for people.

use super::Language;
use super::visit::Visit;
use crate::http::problem::HttpError;
use crate::service::ServiceError;
use crate::service::datasets::Failure;
use crate::service::imports::{Conflict, NoTable};

/// Why a file was not published, in the page's language.
pub(super) fn refusal(visit: &Visit, failure: &Failure<ServiceError>) -> String {
    match (failure, visit.language) {
        (Failure::File(error), Language::Ja) => error.to_text_in(visit.language.of_reports()),
        _ => sentence(visit, &HttpError::from(failure)),
    }
}

/// What is wrong, in the page's language as far as there is a sentence in it.
pub(super) fn sentence(visit: &Visit, error: &HttpError) -> String {
    match error {
        HttpError::Unauthorized => visit.say("upload-unauthorized").to_owned(),
        HttpError::TooLarge(bytes) => visit.language.fill("upload-too-large", &[("size", &(bytes >> 20).to_string())]),
        HttpError::NotFound(_) => visit.say("upload-expired").to_owned(),
        HttpError::Service(ServiceError::NoTable(error)) => no_table(visit, error),
        HttpError::Service(ServiceError::Conflict(error)) => conflict(visit, error),
        HttpError::Service(ServiceError::Busy(_)) => visit.say("upload-busy").to_owned(),
        other => other.body()["detail"].as_str().unwrap_or_default().to_owned(),
    }
}

fn no_table(visit: &Visit, error: &NoTable) -> String {
    match error {
        NoTable::Place(table) => visit.language.fill("no-table", &[("table", &table.to_string())]),
        NoTable::Layout => visit.say("no-layout").to_owned(),
        NoTable::Published(path) => visit.language.fill("file-published", &[("path", path)]),
    }
}

fn conflict(visit: &Visit, error: &Conflict) -> String {
    match error {
        Conflict::Working => visit.say("upload-at-work").to_owned(),
        Conflict::Published => visit.say("upload-published").to_owned(),
        Conflict::NothingToUndo => visit.say("undo-no-version").to_owned(),
        Conflict::NewerVersion(dataset) => visit.language.fill("undo-newer-version", &[("dataset", dataset.as_str())]),
    }
}
