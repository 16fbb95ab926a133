//! The pages on which staff publish files: a form, a preview, the result. They work without scripts.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use hiroba_importers::LeftOut;
use hiroba_vocab::Datasets;

use super::page::Frame;
use super::upload_error::{refusal, sentence};
use super::upload_table::{TableView, previewed, published};
use super::visit::Visit;
use crate::http::problem::{HttpError, Result};
use crate::service::datasets::{Gone, Undone};
use crate::service::imports::{Action, Import, Outcome, Stage, Task};
use crate::state::AppState;

/// What can be chosen, and whether it is.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) selected: bool,
}

/// What is told of a file, for the fields of the form.
pub(super) struct Told {
    pub(super) datasets: Vec<Choice>,
    pub(super) gone: Vec<Choice>,
    pub(super) sheet: String,
    pub(super) municipality: String,
    pub(super) publisher: String,
    pub(super) licence: String,
    pub(super) source: String,
    pub(super) issued: String,
    pub(super) modified: String,
}

#[derive(Template)]
#[template(path = "upload.html")]
struct Upload {
    frame: Frame,
    error: Option<String>,
    /// The error is about a file that was to be published, and about nothing that is not there.
    unpublished: bool,
    needs_token: bool,
    largest: String,
    told: Told,
}

#[derive(Template)]
#[template(path = "import.html")]
struct ImportPage {
    frame: Frame,
    id: String,
    file: String,
    /// What is being done, while it is.
    working: Option<String>,
    error: Option<String>,
    /// The sentence that says what this page shows.
    lead: String,
    tables: Vec<TableView>,
    /// Names and reasons.
    left_out: Vec<(String, String)>,
    /// The form to correct and to publish, while the file is here.
    told: Option<Told>,
    /// Above that form.
    correct_title: String,
    can_publish: bool,
    can_undo: bool,
    /// What was taken back.
    undone: Vec<String>,
}

/// The form, with what was wrong with the request before.
///
/// # Errors
/// When the database fails.
pub async fn form(request: HttpRequest, state: Data<AppState>, error: Option<HttpError>) -> Result<HttpResponse> {
    let visit = Visit::of(request, state).await?;
    let page = Upload {
        frame: visit.frame(visit.say("upload-title")),
        error: error.as_ref().map(|error| sentence(&visit, error)),
        unpublished: error.as_ref().is_some_and(|error| error.status_code() != StatusCode::NOT_FOUND),
        needs_token: visit.state.config.token.is_some(),
        largest: visit.language.fill("upload-max", &[("size", &(visit.state.config.max_upload >> 20).to_string())]),
        told: told(&visit, None),
    };
    let mut response = private(visit.html(&page)?);
    if let Some(error) = error {
        *response.status_mut() = error.status_code();
    }
    Ok(response)
}

/// What would become of a file, or has become of it.
///
/// # Errors
/// When the database fails.
pub async fn import(request: HttpRequest, state: Data<AppState>, import: &Import) -> Result<HttpResponse> {
    let visit = Visit::of(request, state).await?;
    let (task, stage) = (import.task(), import.stage());
    let outcome = import.outcome().filter(|_| stage.is_end());
    let path = format!("/imports/{}", import.id);
    let place = |at: usize| (path.as_str(), at + 1);
    let (mut tables, mut left_out, mut undone, mut error) = (Vec::new(), Vec::new(), Vec::new(), None);
    match outcome.as_deref() {
        Some(Outcome::Preview(file)) => {
            tables.extend(file.tables.iter().enumerate().map(|(at, table)| previewed(&visit, place(at), table)));
            left_out = told_left_out(&visit, &file.left_out);
        }
        Some(Outcome::Published(file)) => {
            tables.extend(file.tables.iter().enumerate().map(|(at, table)| published(&visit, place(at), table)));
            left_out = told_left_out(&visit, &file.left_out);
        }
        Some(Outcome::Undone(all)) => undone.extend(all.iter().map(|one| taken_back(&visit, one))),
        Some(Outcome::Failed(failure)) => error = Some(refusal(&visit, failure)),
        None => {}
    }
    let (title, lead) = match task.action {
        Action::Preview => (visit.say("preview-title"), visit.say("preview-lead")),
        Action::Publish => (visit.say("result-title"), visit.say("result-lead")),
        Action::Undo => (visit.say("result-title"), visit.say("undone-lead")),
    };
    let lead = match (&error, task.action) {
        (None, _) => lead,
        (Some(_), Action::Preview) => visit.say("unreadable-lead"),
        (Some(_), _) => visit.say("failed-lead"),
    };
    let page = ImportPage {
        frame: visit.frame(title),
        id: import.id.clone(),
        file: import.file_name.clone(),
        working: (!stage.is_end()).then(|| working(&visit, import)),
        lead: lead.to_owned(),
        correct_title: visit.say(if tables.is_empty() { "correct-title" } else { "publish-title" }).to_owned(),
        can_publish: !tables.is_empty(),
        told: (stage.is_end() && import.has_file()).then(|| told(&visit, Some(&task))),
        can_undo: import.can_undo(),
        undone,
        error,
        tables,
        left_out,
    };
    Ok(private(visit.html(&page)?))
}

/// What is not imported, with the reasons.
fn told_left_out(visit: &Visit, all: &[LeftOut]) -> Vec<(String, String)> {
    let language = visit.language.of_reports();
    all.iter().map(|left| (left.name.clone(), left.reason_in(language).to_owned())).collect()
}

/// What taking back a version has done.
fn taken_back(visit: &Visit, undone: &Undone) -> String {
    let Some(version) = &undone.version else { return visit.say("undone-nothing").to_owned() };
    let numbers = [version.version, version.restores.unwrap_or_default()].map(|number| number.to_string());
    let left = undone.entities.left.to_string();
    let gaps =
        [("dataset", version.dataset.as_str()), ("version", &numbers[0]), ("restores", &numbers[1]), ("left", &left)];
    visit.language.fill("undone-version", &gaps)
}

/// How far it is.
fn working(visit: &Visit, import: &Import) -> String {
    let (rows, expected) = import.progress();
    match import.stage() {
        Stage::Waiting => visit.say("upload-waiting").to_owned(),
        _ => visit.language.fill("upload-working", &[("rows", &rows.to_string()), ("expected", &expected.to_string())]),
    }
}

fn told(visit: &Visit, task: Option<&Task>) -> Told {
    let options = task.map(|task| &task.options);
    let text = |value: Option<&String>| value.cloned().unwrap_or_default();
    let chosen = options.and_then(|options| options.dataset.as_deref());
    let datasets = Datasets::published().supported().iter().map(|dataset| Choice {
        value: dataset.slug.clone(),
        label: format!("{} ({})", dataset.title_ja, dataset.slug),
        selected: chosen == Some(dataset.slug.as_str()),
    });
    let now = task.map(|task| task.gone).unwrap_or_default();
    let gone = [
        (Gone::Mark, "mark", visit.say("gone-mark")),
        (Gone::Remove, "remove", visit.say("gone-remove")),
        (Gone::Keep, "keep", visit.say("gone-keep")),
    ];
    Told {
        datasets: datasets.collect(),
        gone: gone
            .map(|(gone, value, label)| Choice { value: value.into(), label: label.into(), selected: gone == now })
            .into(),
        sheet: text(options.and_then(|options| options.sheet.as_ref())),
        municipality: options.and_then(|options| options.municipality).map(|code| code.to_string()).unwrap_or_default(),
        publisher: text(options.and_then(|options| options.publisher.as_ref())),
        licence: text(options.and_then(|options| options.licence.as_ref())),
        source: text(options.and_then(|options| options.source.as_ref())),
        issued: text(options.and_then(|options| options.issued.as_ref())),
        modified: text(options.and_then(|options| options.modified.as_ref())),
    }
}

/// Nobody keeps it: it is for who sent the file.
fn private(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
