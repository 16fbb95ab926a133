//! Somebody who is notified.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::eventually;

/// What a receiver got: the path, the head of the request in lower case, and the body.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) path: String,
    pub(crate) head: String,
    pub(crate) body: Value,
}

/// A receiver of notifications. The path says what it answers: `/503/2` two times 503, then 204; `/302` a redirect;
/// `/hang` nothing.
pub(crate) struct Receiver {
    pub(crate) address: String,
    got: Arc<Mutex<Vec<Letter>>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::<Letter>::new()));
        let letters = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let letters = Arc::clone(&letters);
                tokio::spawn(async move {
                    let Some(letter) = read(&mut socket).await else { return };
                    let path = letter.path.clone();
                    let known = {
                        let mut letters = letters.lock().unwrap();
                        letters.push(letter);
                        letters.iter().filter(|letter| letter.path == path).count()
                    };
                    let mut parts = path.split('/').skip(1);
                    let answer = match (parts.next(), parts.next().and_then(|times| times.parse::<usize>().ok())) {
                        (Some("503"), Some(times)) if known <= times => "503 Service Unavailable",
                        (Some("hang"), _) => return std::future::pending().await,
                        (Some("410"), Some(times)) if known <= times => "410 Gone",
                        (Some("400"), _) => "400 Bad Request",
                        (Some("302"), _) => "302 Found\r\nlocation: /redirected",
                        _ => "204 No Content",
                    };
                    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = socket.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, got }
    }

    /// What came at a path, once it is as much.
    pub(crate) async fn letters(&self, path: &str, count: usize) -> Vec<Letter> {
        let mut letters = Vec::new();
        eventually(&format!("{count} notifications at {path}"), async || {
            letters = self.got.lock().unwrap().iter().filter(|letter| letter.path == path).cloned().collect();
            letters.len() >= count
        })
        .await;
        letters
    }
}

async fn read(socket: &mut tokio::net::TcpStream) -> Option<Letter> {
    let mut request = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = socket.read(&mut part).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            assert!(head.starts_with("post "), "{head}");
            let path = text.split(' ').nth(1)?.to_owned();
            return Some(Letter { path, body: serde_json::from_str(body).ok()?, head });
        }
    }
}
