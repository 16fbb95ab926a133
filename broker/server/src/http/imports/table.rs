//! `/imports/{id}/report` and `/imports/{id}/corrected`: what a table of a file is like, and the file that it should have been.

use std::time::Duration;

use actix_web::body::SizedStream;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, VARY};
use actix_web::web::{Bytes, Data, block};
use actix_web::{HttpRequest, HttpResponse};
use bytes::BytesMut;
use futures_util::Stream;
use hiroba_store::StoreError;
use ngsild::Error;
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use super::super::linked_data::encode;
use super::super::problem::{HttpError, Result};
use super::super::request::accept::pick;
use super::super::request::file_form::FileForm;
use super::super::request::params::Params;
use super::{HTML, VARIES, fail, for_people, known};
use crate::explorer::Language;
use crate::service::imports::CorrectedFile;
use crate::state::AppState;

/// The page is whole: it loads nothing, runs nothing and leads nowhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
/// Reports and files are for who sent the file.
const PRIVATE: &str = "private, no-store";
/// The kinds of corrected files.
const FORMATS: [&str; 3] = ["csv", "xlsx", "geojson"];
/// How many bytes of a file are sent at a time.
const PIECE: usize = 64 << 10;
/// How long a client may take nothing before it loses its file: others wait for its place.
const SILENCE: Duration = Duration::from_secs(60);

/// `GET /imports/{id}/report`: the report of a table as a page that stands alone, of a preview or of what was published.
///
/// # Errors
/// NotAcceptable for other media types than HTML; Unauthorized; NotFound when there is no such import or table; Conflict as
/// long as something is being done with the file.
pub async fn report(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    pick(&request, &[HTML]).ok_or(HttpError::NotAcceptable(HTML))?;
    let answer = page(&request, &state).await;
    told(request, state, answer).await
}

/// `GET /imports/{id}/corrected`: a table in the layout of the standard, with everything put right that could be; as long
/// as the file is not published.
///
/// # Errors
/// Unauthorized; BadRequestData for forms that there are not; NotFound when there is no such import or table, when the
/// standard has no layout for it, and when the file is published; Conflict as long as something is being done with it; Busy
/// when too many are being made; TooManyResults for more rows than a workbook holds.
pub async fn corrected(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let answer = file(&request, &state).await;
    told(request, state, answer).await
}

/// Browsers get a page about what is wrong.
async fn told(request: HttpRequest, state: Data<AppState>, answer: Result<HttpResponse>) -> Result<HttpResponse> {
    match answer {
        Ok(response) => Ok(response),
        Err(error) => {
            let people = for_people(&request).unwrap_or(false);
            fail(request, state, people, error).await
        }
    }
}

async fn page(request: &HttpRequest, state: &AppState) -> Result<HttpResponse> {
    let params = Params::of(request, &["table", "lang"])?;
    let table = params.number("table")?.unwrap_or(1);
    let outcome = known(request, state)?.ended_outcome()?;
    outcome.report(table)?;
    let language = Language::of(request).of_reports();
    // A report can have thousands of rows.
    let html = block(move || outcome.report(table).map(|report| report.to_html(language, None))).await;
    let html = html.map_err(|error| StoreError::Database(error.to_string()))??;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header((CACHE_CONTROL, PRIVATE))
        .insert_header((VARY, VARIES))
        .body(html))
}

async fn file(request: &HttpRequest, state: &AppState) -> Result<HttpResponse> {
    let params = Params::of(request, &["table", "format", "encoding", "layout", "lang"])?;
    let table = params.number("table")?.unwrap_or(1);
    let ending = params.get("format").unwrap_or("csv");
    if !FORMATS.contains(&ending) {
        let known = FORMATS.join(", ");
        return Err(Error::bad_request(format!("'{ending}' is not one of {known}")).at("format").into());
    }
    let form = FileForm::in_layout(ending, params.get("layout").unwrap_or("current"), params.get("encoding"))?;
    let correctable = known(request, state)?.correctable(table)?;
    form.check(correctable.dataset())?;
    form.holds(correctable.rows())?;
    let made = correctable.write(&state.imports, form.edition, form.format).await;
    let made = made.map_err(|failure| HttpError::from(&failure))?;
    let name = encode(&made.name);
    let disposition = format!("attachment; filename=\"corrected.{ending}\"; filename*=UTF-8''{name}");
    Ok(HttpResponse::Ok()
        .content_type(form.format.media_type())
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header((CACHE_CONTROL, PRIVATE))
        .insert_header((VARY, VARIES))
        .body(SizedStream::new(made.bytes, pieces(made))))
}

/// The file in pieces. The file and its place are given up when all is sent, or when the client takes no more.
fn pieces(made: CorrectedFile) -> impl Stream<Item = std::io::Result<Bytes>> {
    let (sender, receiver) = mpsc::channel(1);
    actix_web::rt::spawn(async move {
        let CorrectedFile { file, place, .. } = made;
        let mut file = tokio::fs::File::from_std(file);
        loop {
            let mut piece = BytesMut::with_capacity(PIECE);
            let read = file.read_buf(&mut piece).await;
            let goes_on = matches!(read, Ok(1..));
            if matches!(read, Ok(0)) {
                break;
            }
            let sent = tokio::time::timeout(SILENCE, sender.send(read.map(|_| piece.freeze()))).await;
            if !goes_on || !matches!(sent, Ok(Ok(()))) {
                break;
            }
        }
        drop(place);
    });
    futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
}
