//! Live streams: `/stream`.

mod events;
mod limits;
mod position;
mod requests;

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Broker, eventually};

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream that is read.
struct Listener {
    headers: HeaderMap,
    response: reqwest::Response,
    text: String,
    /// What a browser would send as `Last-Event-ID`.
    last_id: String,
}

/// An event: its name, and its data.
type Told = (String, Value);

fn request(broker: &Broker, path: &str, headers: &[(&str, &str)]) -> reqwest::RequestBuilder {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(Method::GET, format!("{}{path}", broker.base)).header("accept", "text/event-stream");
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

impl Listener {
    /// Opens a stream once the log tells of everything that was done before, and reads until its position is known.
    async fn open(broker: &Broker, path: &str) -> Self {
        let last = uuid::Uuid::new_v4().simple().to_string();
        let entity = json!({"id": format!("urn:x:{last}"), "type": "T"});
        let answer = broker.post("/ngsi-ld/v1/entities", &entity).header("NGSILD-Tenant", "another").send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        eventually("the log tells of it", async || broker.get("/changes?limit=5000").send().await.text.contains(&last))
            .await;
        Self::open_with(broker, path, &[]).await
    }

    async fn open_with(broker: &Broker, path: &str, headers: &[(&str, &str)]) -> Self {
        let response = request(broker, path, headers).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}: {:?}", response.text().await);
        let headers = response.headers().clone();
        let mut listener = Self { headers, response, text: String::new(), last_id: String::new() };
        let opening = listener.block().await.expect("it opens");
        assert!(opening.contains("\nretry: 3000\n"), "{opening}");
        assert!(!listener.last_id.is_empty());
        listener
    }

    /// The next block of lines; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(id) = block.lines().find_map(|line| line.strip_prefix("id: ")) {
                    id.clone_into(&mut self.last_id);
                }
                return Some(block);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("something comes in time");
            self.text.push_str(std::str::from_utf8(&chunk.ok().flatten()?).unwrap());
        }
    }

    /// The next event.
    async fn event(&mut self) -> Told {
        self.event_or_end().await.expect("the stream goes on")
    }

    async fn event_or_end(&mut self) -> Option<Told> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(ToOwned::to_owned);
            if let Some(event) = field("event: ") {
                assert_eq!(field("id: ").as_ref(), Some(&self.last_id), "every event has a position: {block}");
                return Some((event, serde_json::from_str(&field("data: ").unwrap()).unwrap()));
            }
        }
    }

    /// The next events, shortened to name and id of the entity.
    async fn told(&mut self, count: usize) -> Vec<(String, String)> {
        let mut told = Vec::new();
        for _ in 0..count {
            let (event, data) = self.event().await;
            told.push((event, data["id"].as_str().unwrap_or_default().to_owned()));
        }
        told
    }
}

impl Broker {
    /// Changes attributes of an entity.
    async fn set(&self, id: &str, attributes: &Value) {
        let answer = self.ask(Method::PATCH, &format!("/ngsi-ld/v1/entities/{id}")).body(attributes).send().await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }

    async fn delete(&self, id: &str) {
        let answer = self.ask(Method::DELETE, &format!("/ngsi-ld/v1/entities/{id}")).send().await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
}

fn thing(id: &str, n: i64) -> Value {
    json!({"id": id, "type": "T", "n": n})
}

fn pairs(told: &[(&str, &str)]) -> Vec<(String, String)> {
    told.iter().map(|(event, id)| ((*event).to_owned(), (*id).to_owned())).collect()
}
