//! A lean HTTP client: what it costs is taken from the server, which runs on the same processors.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a bench may stop when something fails")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A request, and the status that it must get.
#[derive(Debug, Clone)]
pub struct Ask {
    /// `GET` and the like.
    pub method: &'static str,
    /// Path and query string, encoded.
    pub path: String,
    /// In `application/json`; empty for none.
    pub body: Bytes,
    /// The only status that is right.
    pub status: u16,
}

impl Ask {
    /// A GET that must be answered with 200.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: Bytes::new(), status: 200 }
    }

    /// A batch of entities that are all new.
    pub fn create_batch(body: Bytes) -> Self {
        Self { method: "POST", path: "/ngsi-ld/v1/entityOperations/create".into(), body, status: 201 }
    }
}

/// Requests a second, and how many milliseconds they took.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Requests a second, of all connections together.
    pub per_second: f64,
    /// Half of them took at most this, in milliseconds.
    pub median: f64,
    /// Of a hundred, 95 took at most this.
    pub p95: f64,
    /// Of a hundred, 99 took at most this.
    pub p99: f64,
}

impl Measured {
    /// Of the times that requests took, which were made in so many seconds.
    pub fn of(mut times: Vec<Duration>, seconds: f64) -> Self {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
        Self { per_second: times.len() as f64 / seconds, median: at(0.5), p95: at(0.95), p99: at(0.99) }
    }
}

/// One connection, which is kept open.
#[derive(Debug)]
pub struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// Sends a request and reads the answer to its end.
    pub async fn send(&mut self, ask: &Ask) -> Bytes {
        let request = Request::builder()
            .method(ask.method)
            .uri(&ask.path)
            .header(HOST, "127.0.0.1")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(ask.body.clone()))
            .unwrap();
        self.0.ready().await.unwrap();
        let response = self.0.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, ask.status, "{} {}: {}", ask.method, ask.path, String::from_utf8_lossy(&body));
        body
    }
}

/// Sends what `ask` says from so many connections for so long.
pub async fn run(
    address: SocketAddr,
    clients: usize,
    seconds: u64,
    ask: impl Fn(usize, usize) -> Ask + Send + Sync + 'static,
) -> Measured {
    let ask = Arc::new(ask);
    let end = Instant::now() + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let ask = Arc::clone(&ask);
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await;
                let mut times = Vec::new();
                while Instant::now() < end {
                    let ask = ask(client, times.len());
                    let started = Instant::now();
                    connection.send(&ask).await;
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    Measured::of(times, seconds as f64)
}
