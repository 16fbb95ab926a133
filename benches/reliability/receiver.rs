//! Who is notified: takes everything, and remembers which entity and value came, for whom and when.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use hiroba_benches::wire;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::judge::Told;

/// What came so far.
#[derive(Debug, Default)]
pub(crate) struct Got {
    /// By subscription, in the order of arrival.
    pub(crate) letters: Vec<Vec<Told>>,
    /// When they came, all together.
    pub(crate) at: Vec<Instant>,
    /// Messages that were no notifications of this run.
    pub(crate) strange: u64,
}

/// A receiver for subscriptions with the numbers from 0 on; each has a path of its own.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) got: Arc<Mutex<Got>>,
}

impl Receiver {
    pub(crate) async fn start(subscriptions: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::new(Mutex::new(Got { letters: vec![Vec::new(); subscriptions], ..Got::default() }));
        let all = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let got = Arc::clone(&all);
                tokio::spawn(async move {
                    // A broker that is killed breaks its connections: what was half sent did not come.
                    let _ = serve(stream, &got).await;
                });
            }
        });
        Self { address, got }
    }

    /// The address for the notifications of a subscription.
    pub(crate) fn uri(&self, subscription: usize) -> String {
        format!("http://{}/{subscription}", self.address)
    }

    /// How many came, and when the last one did.
    pub(crate) fn so_far(&self) -> (usize, Option<Instant>) {
        let got = self.got.lock().unwrap();
        (got.at.len(), got.at.last().copied())
    }
}

async fn serve(mut stream: TcpStream, got: &Mutex<Got>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(4_096);
    while let Some(frame) = wire::read(&mut stream, &mut buffer).await? {
        {
            let mut got = got.lock().unwrap();
            match letter(&buffer[..frame.head], &buffer[frame.head..frame.end]) {
                Some((subscription, told)) if subscription < got.letters.len() => {
                    got.letters[subscription].push(told);
                    got.at.push(Instant::now());
                }
                _ => got.strange += 1,
            }
        }
        buffer.drain(..frame.end);
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
    Ok(())
}

/// `POST /7` with `{"data": [{"id": "urn:…:12", "level": {"value": 345}}]}`.
fn letter(head: &[u8], body: &[u8]) -> Option<(usize, Told)> {
    let path = std::str::from_utf8(head).ok()?.split(' ').nth(1)?;
    let subscription = path.strip_prefix('/')?.parse().ok()?;
    let body: Value = serde_json::from_slice(body).ok()?;
    let entity = &body["data"][0];
    let number = entity["id"].as_str()?.rsplit(':').next()?.parse().ok()?;
    Some((subscription, Told { entity: number, value: entity["level"]["value"].as_u64()? }))
}
