//! Files of others, fetched into a temporary folder.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, LAST_MODIFIED};
use reqwest::{Response, StatusCode};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::file_name::file_name;
use super::{Egress, EgressError, describe};

/// How large a file may be, in bytes: no kind of file may be imported that is larger, but CSV.
const LARGEST: u64 = 1 << 30;
/// How long a file may take, and how long nothing of it may come.
const TOTAL: Duration = Duration::from_secs(30 * 60);
const STALLED: Duration = Duration::from_secs(30);
/// How long a validator may be to be kept, in bytes.
const VALIDATOR: usize = 1_024;

/// What a server said of a file, by which it can tell whether it has changed (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

/// A file in a temporary folder, which is gone with this value.
#[derive(Debug)]
pub struct DownloadedFile {
    /// Where it is. Its name is the one that it has at its server.
    pub path: PathBuf,
    /// What the server said of it.
    pub validators: Validators,
    /// SHA-256 of it, in hexadecimal.
    pub sha256: String,
    /// Holds the folder.
    _folder: TempDir,
}

/// What an address brought.
#[derive(Debug)]
pub enum Fetched {
    /// The file is the one that the validators belong to (304).
    NotModified,
    /// The file.
    File(DownloadedFile),
}

/// Why an address brought no file. Each says what to do; the address is not in it.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The call was not made, or failed.
    #[error("{error}{}", advice(.error))]
    Call {
        /// Why.
        error: EgressError,
    },
    /// The server has no such file for us.
    #[error("the server answered {status}: {}", meaning(*.status))]
    Status {
        /// What it answered.
        status: StatusCode,
    },
    /// A page for people.
    #[error(
        "there is a web page, and no file. Open the address in a browser, find the link to the file itself, and give that"
    )]
    WebPage,
    /// More than is taken.
    #[error("the file is larger than {} MiB. Ask its publisher for smaller files", LARGEST >> 20)]
    TooLarge,
    /// The server stopped sending.
    #[error("the server sent nothing for {} seconds. Try again later", STALLED.as_secs())]
    Stalled,
    /// The file is not where it was to be stored.
    #[error("the file cannot be stored in the temporary folder: {0}. Make room, or name another folder with TMPDIR")]
    Disk(#[from] std::io::Error),
}

/// What helps where the reason alone does not.
fn advice(error: &EgressError) -> &'static str {
    let EgressError::Failed(reason) = error else { return "" };
    if reason.contains("--allow-private-egress") {
        ""
    } else if reason.contains("certificate") {
        ". The server's certificate is not trusted: look at the address in a browser, and tell its publisher"
    } else if reason.contains("corrupt message") {
        ". The server does not speak TLS at this address: try http:// instead of https://"
    } else if reason.contains("lookup") || reason.contains("Name or service") {
        ". Check the name of the server in the address"
    } else {
        ". Check the address, and try again later"
    }
}

/// What a status means for whoever gave the address.
fn meaning(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 | 403 | 407 => "the file is not open to everybody. Ask its publisher for an open address",
        404 | 410 => "there is no such file. It may have moved: look for its new address on the publisher's pages",
        429 => "too many requests. Ask less often",
        300..=399 => "it leads to no other address. Open it in a browser, and give the address of the file itself",
        400..=499 => "the address is not what the server expects. Open it in a browser to check it",
        _ => "the server has a problem. Try again later",
    }
}

impl From<EgressError> for DownloadError {
    fn from(error: EgressError) -> Self {
        Self::Call { error }
    }
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| {
            let value = headers.get(name)?.to_str().ok()?;
            (value.len() <= VALIDATOR).then(|| value.to_owned())
        };
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }
}

impl Egress {
    /// Fetches a file into a temporary folder, unless it is still the one that validators belong to.
    ///
    /// # Errors
    /// [`DownloadError`].
    pub async fn download(&self, url: &str, known: Option<&Validators>) -> Result<Fetched, DownloadError> {
        let mut request = self.client.get(self.checked(url)?).timeout(TOTAL);
        // A file that comes packed would have to be unpacked; that it is one is told by the importer.
        request = request.header("accept", "*/*").header("accept-encoding", "identity");
        for (name, value) in [
            ("if-none-match", known.and_then(|known| known.etag.as_ref())),
            ("if-modified-since", known.and_then(|known| known.last_modified.as_ref())),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let sent = tokio::time::timeout(STALLED, request.send()).await.map_err(|_| DownloadError::Stalled)?;
        let response = sent.map_err(|e| EgressError::Failed(describe(&e)))?;
        match response.status() {
            StatusCode::NOT_MODIFIED if known.is_some() => Ok(Fetched::NotModified),
            status if status.is_success() => Ok(Fetched::File(store(response).await?)),
            status => Err(DownloadError::Status { status }),
        }
    }
}

/// Writes an answer into a file, as it comes.
async fn store(mut response: Response) -> Result<DownloadedFile, DownloadError> {
    let headers = std::mem::take(response.headers_mut());
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let name = file_name(headers.get(CONTENT_DISPOSITION).map(|value| value.as_bytes()), response.url());
    let folder = tempfile::Builder::new().prefix("hiroba-").tempdir()?;
    let path = folder.path().join(name);
    let mut file = std::fs::File::create(&path)?;
    let (mut length, mut hasher) = (0, Sha256::new());
    loop {
        let chunk = tokio::time::timeout(STALLED, response.chunk()).await.map_err(|_| DownloadError::Stalled)?;
        let Some(chunk) = chunk.map_err(|e| EgressError::Failed(describe(&e)))? else { break };
        // Servers call files pages that are none: the first character tells.
        if is_page && length == 0 && chunk.trim_ascii_start().first() == Some(&b'<') {
            return Err(DownloadError::WebPage);
        }
        length += chunk.len() as u64;
        if length > LARGEST {
            return Err(DownloadError::TooLarge);
        }
        hasher.update(&chunk);
        // A chunk is small, and the page cache takes it at once.
        file.write_all(&chunk)?;
    }
    file.flush()?;
    let sha256 = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(DownloadedFile { path, validators: Validators::of(&headers), sha256, _folder: folder })
}
