//! A lean HTTP client: what it costs is taken from the server, which runs on the same processors.

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
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Bytes,
    pub(crate) status: u16,
}

/// Requests a second, and how many milliseconds they took.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) median: f64,
    pub(crate) p99: f64,
}

pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(crate) async fn send(&mut self, ask: &Ask) {
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
    }
}

/// Sends what `ask` says from so many connections for so long.
pub(crate) async fn run(
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
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1_000.0;
    Measured { per_second: times.len() as f64 / seconds as f64, median: at(0.5), p99: at(0.99) }
}
