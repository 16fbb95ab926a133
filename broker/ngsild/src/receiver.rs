//! Who is told of something: addresses and headers that clients give (5.2.15, 5.2.22).

use hiroba_vocab::Iri;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};

/// How many pairs `receiverInfo` or `notifierInfo` may hold, and how long names and values may be, in bytes.
const MAX_PAIRS: usize = 50;
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 8_192;
/// How long the address of a receiver may be, in bytes.
pub(crate) const MAX_URI: usize = 2_048;

/// Headers that belong to the connection or to the body: no receiver may be given others.
const OWN_HEADERS: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// KeyValuePair (5.2.22): a header of a notification, or a setting of its channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// An absolute `http` or `https` URI with a host.
pub(crate) fn http_uri(value: &Value) -> Result<String> {
    let wrong = || Error::bad_request("an endpoint is an http or https URI");
    let text = value.as_str().ok_or_else(wrong)?;
    match scheme_and_rest(text) {
        Some((scheme, _)) if scheme == "http" || scheme == "https" => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}

/// The scheme of an absolute URI, in small letters, and what follows `://`: a host at least. `None` for what is no such
/// URI, or too long.
pub(crate) fn scheme_and_rest(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let whole = text.len() <= MAX_URI && !rest.is_empty() && !rest.starts_with('/') && Iri::parse(text).is_ok();
    whole.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// `receiverInfo`: pairs that can be sent as headers.
pub(crate) fn receiver_info(value: &Value) -> Result<Vec<KeyValue>> {
    pairs("receiverInfo", value)?.into_iter().map(header).collect()
}

/// An array of KeyValuePairs; `name` is that of the member, for the error.
pub(crate) fn pairs(name: &str, value: &Value) -> Result<Vec<KeyValue>> {
    let wrong = || Error::bad_request(format!("{name} is an array of objects with the strings 'key' and 'value'"));
    let pairs = value.as_array().ok_or_else(wrong)?;
    if pairs.len() > MAX_PAIRS {
        return Err(Error::bad_request(format!("{name} holds at most {MAX_PAIRS} pairs")));
    }
    let pair = |pair: &Value| {
        let text = |name: &str| pair.get(name).and_then(Value::as_str).ok_or_else(wrong);
        let (key, value) = (text("key")?, text("value")?);
        if key.is_empty() || key.len() > MAX_KEY {
            return Err(Error::bad_request(format!("'{}' is no key: it has 1 to {MAX_KEY} bytes", cut(key))));
        }
        if value.len() > MAX_VALUE || value.chars().any(char::is_control) {
            let detail = format!("the value of '{}' is too long, or has control characters", cut(key));
            return Err(Error::bad_request(detail));
        }
        Ok(KeyValue { key: key.to_owned(), value: value.to_owned() })
    };
    pairs.iter().map(pair).collect()
}

/// A header that may be sent: a token as name (RFC 9110, 5.1).
fn header(pair: KeyValue) -> Result<KeyValue> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let key = &pair.key;
    if !key.bytes().all(token) {
        return Err(Error::bad_request(format!("'{}' is no name of a header", cut(key))));
    }
    if OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(key)) {
        return Err(Error::bad_request(format!("the header '{key}' is not the receiver's to set")));
    }
    Ok(pair)
}

/// The beginning of a text from outside, for an error.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}
