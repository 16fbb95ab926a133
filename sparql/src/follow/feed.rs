//! The broker's change feed over HTTP.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use url::Url;

use super::line::{Change, Start};
use super::position::Position;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the broker waits for a change before it answers with none.
const WAIT: Duration = Duration::from_secs(30);
/// How long it may be silent beyond that.
const SILENCE: Duration = Duration::from_secs(30);
/// How many changes are asked for at a time.
const PAGE: usize = 1_000;
/// How many bytes of changes are applied at a time: the rest of a larger page is asked for again.
const PAGE_BYTES: usize = 32 << 20;
/// How long one line may be.
const LINE_BYTES: usize = 256 << 20;

/// Why the broker's feed brings nothing.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The broker cannot be reached, or stopped in the middle.
    #[error("the broker cannot be reached: {0}")]
    Unreachable(String),
    /// It answered something else than 200.
    #[error("the broker answered {status}{hint}")]
    Status {
        /// The status code.
        status: u16,
        /// What the operator can do.
        hint: &'static str,
    },
    /// A line that is not what it should be.
    #[error("the broker sent a line that cannot be read: {0}")]
    Line(String),
    /// The snapshot ended before its last line.
    #[error("the broker's snapshot broke off")]
    Incomplete,
}

/// A client for one broker.
#[derive(Debug, Clone)]
pub struct Feed {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// Some changes, in the order of the log.
#[derive(Debug)]
pub struct Page {
    /// One change a line.
    pub lines: Vec<Bytes>,
    /// Whether there are probably more to be had at once.
    pub more: bool,
}

/// A snapshot that has begun.
#[derive(Debug)]
pub struct Snapshot {
    /// Every change that is not in the snapshot comes after this position.
    pub position: Position,
    lines: Lines,
}

impl Feed {
    /// A client for the broker at `base`, with the bearer token that its feed asks for.
    ///
    /// # Errors
    /// [`FeedError::Unreachable`] when the TLS library cannot be set up.
    pub fn new(base: &Url, token: Option<String>) -> Result<Self, FeedError> {
        // Another part of the process may have installed a provider already; either serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("hiroba-sparql/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(WAIT + SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| unreachable_because(&error))?;
        Ok(Self { client, base: base.as_str().trim_end_matches('/').to_owned(), token })
    }

    /// Changes after a position. When there are none and `patient`, waits for the first; none at all after half a minute.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn page(&self, after: Position, patient: bool) -> Result<Page, FeedError> {
        let wait = if patient { WAIT.as_secs() } else { 0 };
        let mut lines = self.lines(&format!("changes?after={after}&limit={PAGE}&wait={wait}")).await?;
        let mut page = Page { lines: Vec::new(), more: false };
        let mut bytes = 0;
        while let Some(line) = lines.next().await? {
            bytes += line.len();
            page.lines.push(line);
            if page.lines.len() >= PAGE || bytes >= PAGE_BYTES {
                page.more = true;
                break;
            }
        }
        Ok(page)
    }

    /// The first change after a position, if there is one by now.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn first_after(&self, after: Position) -> Result<Option<Change>, FeedError> {
        let mut lines = self.lines(&format!("changes?after={after}&limit=1")).await?;
        lines.next().await?.map(|line| Change::read(&line)).transpose()
    }

    /// Begins a snapshot of all entities.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn snapshot(&self) -> Result<Snapshot, FeedError> {
        let mut lines = self.lines("changes/snapshot").await?;
        let first = lines.next().await?.ok_or(FeedError::Incomplete)?;
        let start: Start = serde_json::from_slice(&first).map_err(|error| FeedError::Line(error.to_string()))?;
        Ok(Snapshot { position: start.position, lines })
    }

    async fn lines(&self, path: &str) -> Result<Lines, FeedError> {
        let mut request = self.client.get(format!("{}/{path}", self.base)).header("accept", "application/x-ndjson");
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.map_err(|error| unreachable_because(&error))?;
        let status = response.status().as_u16();
        let hint = match status {
            200 => return Ok(Lines { response, buffer: BytesMut::new(), searched: 0 }),
            401 | 403 => ": its feed needs a token (--token-file)",
            404 => ": is it a Hiroba broker?",
            _ => "",
        };
        Err(FeedError::Status { status, hint })
    }
}

impl Snapshot {
    /// The next line; `None` after the last.
    ///
    /// # Errors
    /// [`FeedError`].
    pub async fn next(&mut self) -> Result<Option<Bytes>, FeedError> {
        self.lines.next().await
    }
}

/// The lines of an answer that is still coming in.
#[derive(Debug)]
struct Lines {
    response: reqwest::Response,
    buffer: BytesMut,
    searched: usize,
}

impl Lines {
    async fn next(&mut self) -> Result<Option<Bytes>, FeedError> {
        loop {
            let fresh = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(self.searched + end + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return Ok(Some(line.freeze()));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LINE_BYTES {
                return Err(FeedError::Line(format!("longer than {LINE_BYTES} bytes")));
            }
            match self.response.chunk().await.map_err(|error| unreachable_because(&error))? {
                Some(chunk) => self.buffer.extend_from_slice(&chunk),
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(FeedError::Line("it has no end".to_owned())),
            }
        }
    }
}

/// The innermost reason: "connection refused" says more than "error sending request".
fn unreachable_because(error: &reqwest::Error) -> FeedError {
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    FeedError::Unreachable(reason.to_string())
}
