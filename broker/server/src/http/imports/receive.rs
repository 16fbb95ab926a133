//! A file on its way here: into a temporary file, piece by piece, never as a whole into memory.

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ContentDisposition};
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::super::problem::{HttpError, Result};
use super::told::{all_known, words};
use super::who;
use crate::service::imports::Arrived;
use crate::state::AppState;

/// How long a client may send nothing, and how long a file may take.
const SILENCE: Duration = Duration::from_secs(30);
const TIME: Duration = Duration::from_secs(3_600);
/// How long the text of a field may be, in bytes, and how many fields there may be.
const FIELD: usize = 4 << 10;
const FIELDS: usize = 32;
/// How long a file's name may be, in bytes: file systems end at 255.
const NAME: usize = 200;

/// A file, and what the fields of the form tell of it.
pub(super) struct Received {
    pub(super) arrived: Arrived,
    pub(super) fields: Vec<(String, String)>,
}

/// Receives a file. `allowed` says whether the header carried the token; else the form must, before the file.
///
/// # Errors
/// Unauthorized; TooLarge; Payload when the client stops; BadRequestData for a form without a file, or with two, and for a
/// file without a name; Busy when too many are on their way.
pub(super) async fn receive(
    request: &HttpRequest,
    payload: Payload,
    state: &AppState,
    allowed: bool,
) -> Result<Received> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_form = kind.trim_start().to_ascii_lowercase().starts_with("multipart/");
    if !allowed && !is_form {
        return Err(HttpError::Unauthorized);
    }
    let length = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    // A form is a little larger than its file.
    let overhead = if is_form { (FIELDS * FIELD) as u64 } else { 0 };
    if length.is_some_and(|length| length > state.config.max_upload.saturating_add(overhead)) {
        return Err(too_large(state));
    }
    let _arrival = state.imports.arrive()?;
    let receiving = async {
        if is_form {
            form(request, payload, state, allowed).await
        } else {
            let name = name_of(request)?;
            let arrived = save(payload, &name, state.config.max_upload).await?.ok_or_else(|| too_large(state))?;
            Ok(Received { arrived, fields: Vec::new() })
        }
    };
    tokio::time::timeout(TIME, receiving).await.map_err(|_| HttpError::Payload("it took too long".to_owned()))?
}

fn too_large(state: &AppState) -> HttpError {
    HttpError::TooLarge(usize::try_from(state.config.max_upload).unwrap_or(usize::MAX))
}

/// The name of a file that is the body itself.
fn name_of(request: &HttpRequest) -> Result<String> {
    let mut parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    let parameter = parameters.find(|(name, _)| name == "filename").map(|(_, value)| value.into_owned());
    let header = || {
        let header = ContentDisposition::from_raw(request.headers().get(CONTENT_DISPOSITION)?).ok()?;
        name_in(&header)
    };
    let missing = "the file needs a name: give it as the parameter filename or in Content-Disposition, or send a form \
                   with the file as its part 'file'";
    let name = parameter.or_else(header).ok_or_else(|| HttpError::bad_request(missing))?;
    clean(&name)
}

fn name_in(header: &ContentDisposition) -> Option<String> {
    // The extended form is there for names that are not ASCII (RFC 6266, 4.3).
    let extended = header.get_filename_ext().and_then(|name| String::from_utf8(name.value.clone()).ok());
    extended.or_else(|| header.get_filename().map(ToOwned::to_owned))
}

/// The name alone: browsers and programs send folders with it, and somebody may mean harm.
fn clean(name: &str) -> Result<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || name.chars().all(|c| c == '.') || name.chars().any(char::is_control) {
        return Err(HttpError::bad_request("the file needs a name that is one: letters, digits and an ending"));
    }
    if name.len() > NAME {
        return Err(HttpError::bad_request(format!("the file's name is longer than {NAME} bytes: shorten it")));
    }
    Ok(name.to_owned())
}

/// Reads a form with one file.
async fn form(request: &HttpRequest, payload: Payload, state: &AppState, mut allowed: bool) -> Result<Received> {
    let mut parts = Multipart::new(request.headers(), payload);
    let (mut fields, mut arrived) = (Vec::new(), None);
    while let Some(part) = in_time(parts.next()).await? {
        let mut part = part.map_err(|error| HttpError::Payload(error.to_string()))?;
        let name = part.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "token" => allowed = allowed || who::is_token(state, text(&mut part, &name).await?.trim()),
            "file" => {
                if !allowed {
                    return Err(HttpError::Unauthorized);
                }
                if arrived.is_some() {
                    return Err(HttpError::bad_request(
                        "the form has several files: send one at a time, or put them into a ZIP archive",
                    ));
                }
                let header = part.content_disposition().and_then(name_in).unwrap_or_default();
                if header.is_empty() {
                    return Err(HttpError::bad_request("no file was chosen: choose one and send the form again"));
                }
                let file = save(part, &clean(&header)?, state.config.max_upload).await?;
                arrived = Some(file.ok_or_else(|| too_large(state))?);
            }
            _ if fields.len() >= FIELDS => return Err(HttpError::bad_request("the form has too many fields")),
            _ => {
                let text = text(&mut part, &name).await?;
                fields.push((name, text));
            }
        }
    }
    if !allowed {
        return Err(HttpError::Unauthorized);
    }
    all_known(&fields, &words(&["preview"]))?;
    let arrived = arrived.ok_or_else(|| HttpError::bad_request("the form has no part 'file' with the file"))?;
    Ok(Received { arrived, fields })
}

async fn text(part: &mut Field, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = in_time(part.next()).await? {
        bytes.extend_from_slice(&chunk.map_err(|error| HttpError::Payload(error.to_string()))?);
        if bytes.len() > FIELD {
            return Err(HttpError::bad_request(format!("the field '{name}' is longer than {FIELD} bytes")));
        }
    }
    String::from_utf8(bytes).map_err(|_| HttpError::bad_request(format!("the field '{name}' is not UTF-8")))
}

/// Writes a file; `None` when it is larger than `limit`.
async fn save<E: std::fmt::Display>(
    mut content: impl Stream<Item = Result<Bytes, E>> + Unpin,
    name: &str,
    limit: u64,
) -> Result<Option<Arrived>> {
    let folder = tempfile::Builder::new().prefix("hiroba-import-").tempdir().map_err(unwritable)?;
    let bytes = write(&mut content, &folder, name, limit).await?;
    Ok(bytes.map(|bytes| Arrived { folder, name: name.to_owned(), bytes }))
}

async fn write<E: std::fmt::Display>(
    content: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin),
    folder: &TempDir,
    name: &str,
    limit: u64,
) -> Result<Option<u64>> {
    let mut file = BufWriter::new(File::create_new(folder.path().join(name)).await.map_err(unwritable)?);
    let mut bytes = 0_u64;
    while let Some(chunk) = in_time(content.next()).await? {
        let chunk = chunk.map_err(|error| HttpError::Payload(error.to_string()))?;
        bytes = bytes.saturating_add(chunk.len() as u64);
        if bytes > limit {
            return Ok(None);
        }
        file.write_all(&chunk).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    Ok(Some(bytes))
}

/// The disk is full, or the folder for temporary files cannot be written: that is told in the log alone.
fn unwritable(error: std::io::Error) -> HttpError {
    hiroba_store::StoreError::Database(format!("a temporary file cannot be written: {error}")).into()
}

async fn in_time<T>(next: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(SILENCE, next)
        .await
        .map_err(|_| HttpError::Payload(format!("nothing came for {} seconds", SILENCE.as_secs())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_only_the_name_is_taken() {
        for (given, expected) in [
            ("aed.csv", Some("aed.csv")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\町\\避難場所.csv", Some("避難場所.csv")),
            ("/", None),
            ("..", None),
            ("", None),
            ("a\0b.csv", None),
            ("a\nb.csv", None),
        ] {
            assert_eq!(clean(given).ok().as_deref(), expected, "{given:?}");
        }
        assert!(clean(&"a".repeat(NAME)).is_ok() && clean(&"a".repeat(NAME + 1)).is_err());
    }
}
