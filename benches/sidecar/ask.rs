//! Queries as requests.

use bytes::Bytes;
use hiroba_benches::client::{Ask, Connection};
use serde_json::Value;

/// A query by GET, which must be answered with 200. The path is that of the endpoint.
pub(crate) fn query(path: &str, text: &str) -> Ask {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ask::get(format!("{path}?query={encoded}"))
}

/// The answer of an ASK.
pub(crate) async fn is_so(connection: &mut Connection, ask: &Ask) -> bool {
    json(&connection.send(ask).await)["boolean"].as_bool().unwrap()
}

/// The number that a SELECT tells as `?n`.
pub(crate) async fn number(connection: &mut Connection, text: &str) -> u64 {
    let answer = json(&connection.send(&query("/sparql", text)).await);
    answer["results"]["bindings"][0]["n"]["value"].as_str().unwrap().parse().unwrap()
}

pub(crate) fn json(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap()
}
