//! Headers that clients ask for.

use ngsild::receiver::KeyValue;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};

/// The headers of a notification, with an `Accept` if none is asked for. One that HTTP cannot carry is left out.
pub fn headers<'p>(pairs: impl IntoIterator<Item = &'p KeyValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in pairs {
        let name = HeaderName::from_bytes(pair.key.as_bytes());
        let value = HeaderValue::from_bytes(pair.value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers
}
