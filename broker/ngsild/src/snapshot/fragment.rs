//! What a client says of a snapshot: to create it, to change it, to copy it.

use hiroba_vocab::Iri;
use serde_json::{Map, Value};

use super::{DEFAULT_PRIORITY, SnapshotSettings};
use crate::body::{id, is_null, of_type};
use crate::duration::Duration;
use crate::error::{Error, Result};
use crate::receiver::{KeyValue, cut, http_uri, receiver_info};

/// How many queries one snapshot may have, temporal ones included.
const MAX_QUERIES: usize = 100;
/// What only the broker says: clients that send back what they were told are not refused.
const OUTPUT: [&str; 7] = [
    "snapshotStatus",
    "snapshotQueriesDetails",
    "snapshotTemporalQueriesDetails",
    "createdAt",
    "modifiedAt",
    "expiresAt",
    "lastUsedAt",
];

/// What a fragment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Create Snapshot (5.16.1): with queries.
    Create,
    /// Update Snapshot Status (5.16.3): no queries, and the NGSI-LD Null takes members away.
    Update,
    /// Clone Snapshot (5.16.5): no queries.
    Clone,
}

/// A member of a fragment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Member<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is to be taken away.
    Null,
    /// It is this.
    Is(T),
}

impl<T> Member<T> {
    /// The value that `old` becomes.
    fn over(self, old: Option<T>) -> Option<T> {
        match self {
            Self::Absent => old,
            Self::Null => None,
            Self::Is(value) => Some(value),
        }
    }
}

/// The members of a Snapshot that clients set, each of the form that it must have. Queries are arrays of objects; what
/// is in them is for others to check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SnapshotFragment {
    /// `id`
    pub id: Option<Iri>,
    /// `snapshotQueries`
    pub queries: Vec<Value>,
    /// `snapshotTemporalQueries`
    pub temporal_queries: Vec<Value>,
    /// `snapshotLifetime`
    pub lifetime: Member<Duration>,
    /// `snapshotPriority`
    pub priority: Member<u8>,
    /// `endpoint`
    pub endpoint: Member<String>,
    /// `receiverInfo`
    pub receiver_info: Member<Vec<KeyValue>>,
}

impl SnapshotFragment {
    /// Reads a body.
    ///
    /// # Errors
    /// BadRequestData with the member that is wrong: not of its type, unknown, or out of place in this use.
    pub fn read(body: &Value, r#use: Use) -> Result<Self> {
        let body = of_type(body, "Snapshot", r#use != Use::Create)?;
        let mut fragment = Self::default();
        for (name, value) in body {
            let at = |e: Error| e.at(format!("/{name}"));
            let null = r#use == Use::Update && is_null(value);
            match name.as_str() {
                "type" | "@context" => {}
                "id" => fragment.id = Some(id(value)?),
                "snapshotQueries" => fragment.queries = queries(value, r#use).map_err(at)?,
                "snapshotTemporalQueries" => fragment.temporal_queries = queries(value, r#use).map_err(at)?,
                "snapshotLifetime" => fragment.lifetime = member(value, null, lifetime).map_err(at)?,
                "snapshotPriority" => fragment.priority = member(value, null, priority).map_err(at)?,
                "endpoint" => fragment.endpoint = member(value, null, http_uri).map_err(at)?,
                "receiverInfo" => fragment.receiver_info = member(value, null, receiver_info).map_err(at)?,
                name if OUTPUT.contains(&name) => {}
                name => return Err(at(Error::bad_request(format!("'{}' is no member of Snapshot", cut(name))))),
            }
        }
        if r#use == Use::Create {
            fragment.check_queries(body)?;
        }
        Ok(fragment)
    }

    fn check_queries(&self, body: &Map<String, Value>) -> Result<()> {
        let count = self.queries.len() + self.temporal_queries.len();
        if count == 0 {
            let detail = "a Snapshot needs snapshotQueries or snapshotTemporalQueries";
            return Err(Error::bad_request(detail).at("/snapshotQueries"));
        }
        if count > MAX_QUERIES {
            let detail = format!("a Snapshot has at most {MAX_QUERIES} queries");
            let name = if self.queries.is_empty() { "snapshotTemporalQueries" } else { "snapshotQueries" };
            return Err(Error::bad_request(detail).at(format!("/{name}")));
        }
        for (name, temporal) in [("snapshotQueries", false), ("snapshotTemporalQueries", true)] {
            let queries = body.get(name).and_then(Value::as_array).into_iter().flatten();
            for (i, query) in queries.enumerate() {
                let place = format!("/{name}/{i}");
                let Value::Object(members) = query else {
                    return Err(Error::bad_request("a Query is a JSON object").at(place));
                };
                if members.contains_key("temporalQ") != temporal {
                    let detail = if temporal {
                        "a query of snapshotTemporalQueries has a temporalQ"
                    } else {
                        "a query with temporalQ belongs into snapshotTemporalQueries"
                    };
                    return Err(Error::bad_request(detail).at(format!("{place}/temporalQ")));
                }
                if members.contains_key("@context") {
                    let detail = "the @context of queries is that of the Snapshot";
                    return Err(Error::bad_request(detail).at(format!("{place}/@context")));
                }
            }
        }
        Ok(())
    }

    /// The settings of a new snapshot.
    pub fn into_settings(self) -> SnapshotSettings {
        let settings =
            SnapshotSettings { lifetime: None, priority: DEFAULT_PRIORITY, endpoint: None, receiver_info: Vec::new() };
        self.change(settings)
    }

    /// The settings that a change leads to.
    #[must_use]
    pub fn change(self, old: SnapshotSettings) -> SnapshotSettings {
        SnapshotSettings {
            lifetime: self.lifetime.over(old.lifetime),
            priority: self.priority.over(Some(old.priority)).unwrap_or(DEFAULT_PRIORITY),
            endpoint: self.endpoint.over(old.endpoint),
            receiver_info: self.receiver_info.over(Some(old.receiver_info)).unwrap_or_default(),
        }
    }
}

fn member<T>(value: &Value, null: bool, read: impl FnOnce(&Value) -> Result<T>) -> Result<Member<T>> {
    if null { Ok(Member::Null) } else { read(value).map(Member::Is) }
}

fn queries(value: &Value, r#use: Use) -> Result<Vec<Value>> {
    if r#use != Use::Create {
        let detail = "the queries of a snapshot are given when it is created, and cannot be given here";
        return Err(Error::bad_request(detail));
    }
    let items = value.as_array().filter(|items| !items.is_empty());
    items.cloned().ok_or_else(|| Error::bad_request("it is a non-empty array of queries"))
}

fn lifetime(value: &Value) -> Result<Duration> {
    let text = value.as_str().ok_or_else(|| Error::bad_request("a lifetime is a duration such as P1D"))?;
    let lifetime = Duration::parse(text)?;
    if lifetime.is_zero() { Err(Error::bad_request("a lifetime is longer than nothing")) } else { Ok(lifetime) }
}

fn priority(value: &Value) -> Result<u8> {
    let number = value.as_u64().and_then(|number| u8::try_from(number).ok()).filter(|n| (1..=10).contains(n));
    number.ok_or_else(|| Error::bad_request("a priority is a whole number from 1 to 10"))
}

#[cfg(test)]
mod tests {
    use hiroba_vocab::ngsi_ld::NULL;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn query() -> Value {
        json!({"type": "Query", "entities": [{"type": "T"}]})
    }

    #[test]
    fn what_is_wrong_is_named() {
        use Use::{Clone, Create, Update};
        let with = |name: &str, value: Value| {
            let mut body = json!({"type": "Snapshot", "snapshotQueries": [query()]});
            body[name] = value;
            body
        };
        let many: Vec<Value> = vec![query(); MAX_QUERIES + 1];
        let headers = |pairs: &[(&str, &str)]| -> Value {
            pairs.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
        };
        for (body, r#use, place) in [
            (json!({"snapshotQueries": [query()]}), Create, "/type"),
            (with("type", json!("Query")), Create, "/type"),
            (json!({"type": "Snapshot"}), Create, "/snapshotQueries"),
            (with("snapshotQueries", json!([])), Create, "/snapshotQueries"),
            (with("snapshotQueries", json!({})), Create, "/snapshotQueries"),
            (with("snapshotQueries", json!([1])), Create, "/snapshotQueries/0"),
            (with("snapshotQueries", json!(many)), Create, "/snapshotQueries"),
            (with("snapshotQueries", json!([{"temporalQ": {}}])), Create, "/snapshotQueries/0/temporalQ"),
            (with("snapshotQueries", json!([{"@context": {}}])), Create, "/snapshotQueries/0/@context"),
            (with("snapshotTemporalQueries", json!([query()])), Create, "/snapshotTemporalQueries/0/temporalQ"),
            (with("id", json!("nonsense")), Create, "/id"),
            (with("id", json!(1)), Create, "/id"),
            (with("snapshotLifetime", json!("1 day")), Create, "/snapshotLifetime"),
            (with("snapshotLifetime", json!("urn:ngsi-ld:null")), Create, "/snapshotLifetime"),
            (with("snapshotLifetime", json!(5)), Create, "/snapshotLifetime"),
            (with("snapshotPriority", json!(0)), Create, "/snapshotPriority"),
            (with("snapshotPriority", json!(11)), Create, "/snapshotPriority"),
            (with("snapshotPriority", json!("5")), Create, "/snapshotPriority"),
            (with("snapshotPriority", json!(2.5)), Create, "/snapshotPriority"),
            (with("endpoint", json!("mqtt://a/b")), Create, "/endpoint"),
            (with("endpoint", json!("http:///b")), Create, "/endpoint"),
            (with("endpoint", json!({"uri": "http://a/b"})), Create, "/endpoint"),
            (with("endpoint", Value::Null), Create, "/endpoint"),
            (with("receiverInfo", json!({"key": "a", "value": "b"})), Create, "/receiverInfo"),
            (with("receiverInfo", json!([{"key": "a"}])), Create, "/receiverInfo"),
            (with("receiverInfo", headers(&[("a b", "c")])), Create, "/receiverInfo"),
            (with("receiverInfo", headers(&[("a", "c\r\nd: e")])), Create, "/receiverInfo"),
            (with("receiverInfo", headers(&[("Content-Length", "3")])), Create, "/receiverInfo"),
            (with("receiverInfo", headers(&[("a", "b"); 51])), Create, "/receiverInfo"),
            (with("odd", json!(1)), Create, "/odd"),
            (with("id", json!("urn:x:1")), Update, "/snapshotQueries"),
            (with("id", json!("urn:x:1")), Clone, "/snapshotQueries"),
            (json!({"snapshotTemporalQueries": []}), Update, "/snapshotTemporalQueries"),
            (json!({"snapshotPriority": null}), Clone, "/snapshotPriority"),
        ] {
            let error = SnapshotFragment::read(&body, r#use).unwrap_err();
            assert_eq!(error.at.as_deref(), Some(place), "{body}: {error}");
        }
        assert!(SnapshotFragment::read(&json!([]), Create).is_err());
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let body = json!({
            "type": "Snapshot", "snapshotQueries": [query()], "snapshotLifetime": "P1D", "snapshotPriority": 7,
            "endpoint": "HTTP://a.example/b", "receiverInfo": [{"key": "X-A", "value": "é"}], "snapshotStatus": "odd"
        });
        let settings = SnapshotFragment::read(&body, Use::Create).unwrap().into_settings();
        let change = |body: Value| SnapshotFragment::read(&body, Use::Update).unwrap().change(settings.clone());
        assert_eq!(change(json!({})), settings);
        assert_eq!(change(json!({"snapshotPriority": 2})), SnapshotSettings { priority: 2, ..settings.clone() });
        let gone = json!({"endpoint": NULL, "receiverInfo": null, "snapshotPriority": NULL, "snapshotLifetime": NULL});
        let nothing = SnapshotFragment::default().into_settings();
        assert_eq!(change(gone), nothing);
        assert_eq!(nothing.priority, DEFAULT_PRIORITY);
    }

    proptest! {
        #[test]
        fn no_member_panics(name in "(id|type|endpoint|receiverInfo|snapshot(Queries|Lifetime|Priority))", text in ".{0,20}") {
            for value in [json!(text), json!([text]), json!({ "key": text }), json!([{"key": text, "value": text}])] {
                let body = json!({"type": "Snapshot", (name.clone()): value});
                for r#use in [Use::Create, Use::Update, Use::Clone] {
                    let _ = SnapshotFragment::read(&body, r#use);
                }
            }
        }
    }
}
