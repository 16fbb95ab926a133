//! How notifications travel (6.3.8, clause 7): where the @context stands, headers, messages.

use hiroba_vocab::ngsi_ld::CONTEXT_LINK_REL;
use serde_json::{Map, Value, json};

use super::endpoint::{Accept, Endpoint};
use super::watch::Watch;
use crate::receiver::KeyValue;

impl Endpoint {
    /// Whether the body of a notification holds the @context; else a Link header names it (5.3.1).
    pub fn embeds_context(&self) -> bool {
        match self.accept {
            Accept::Json => false,
            Accept::JsonLd => true,
            Accept::GeoJson => !self.receiver_info.iter().any(prefers_plain_body),
        }
    }
}

fn prefers_plain_body(pair: &KeyValue) -> bool {
    pair.key.eq_ignore_ascii_case("Prefer") && pair.value.split([',', ';']).any(|wish| wish.trim() == "body=json")
}

impl Watch {
    /// The headers of a notification over HTTP (6.3.8), in the order in which they are sent: `Content-Type`, `Link` where
    /// the body holds no @context, those of `receiverInfo`, `NGSILD-Tenant`, `NGSILD-Snapshot`. A name may come twice.
    /// `tenant` and `snapshot` are those that the subscription was made in; `None` for the default tenant, and for no
    /// snapshot. Values may have characters beyond ASCII.
    pub fn headers(&self, tenant: Option<&str>, snapshot: Option<&str>) -> Vec<KeyValue> {
        let header = |key: &str, value: String| KeyValue { key: key.to_owned(), value };
        let mut headers = vec![header("Content-Type", self.endpoint.accept.media_type().to_owned())];
        if !self.endpoint.embeds_context() {
            let link = format!("<{}>; rel=\"{CONTEXT_LINK_REL}\"; type=\"application/ld+json\"", self.context);
            headers.push(header("Link", link));
        }
        headers.extend(self.endpoint.receiver_info.iter().cloned());
        headers.extend(tenant.map(|tenant| header("NGSILD-Tenant", tenant.to_owned())));
        headers.extend(snapshot.map(|snapshot| header("NGSILD-Snapshot", snapshot.to_owned())));
        headers
    }

    /// The message of a notification over MQTT (clause 7): what are headers elsewhere is in `metadata`. Where a name comes
    /// twice, the broker's own word counts.
    pub fn message(&self, notification: Value, tenant: Option<&str>, snapshot: Option<&str>) -> Value {
        let mut metadata = Map::new();
        let own = |key: &str| ["Content-Type", "Link", "NGSILD-Tenant", "NGSILD-Snapshot"].contains(&key);
        for KeyValue { key, value } in self.headers(tenant, snapshot) {
            if !own(&key) || !metadata.contains_key(&key) {
                metadata.insert(key, value.into());
            }
        }
        json!({ "metadata": metadata, "body": notification })
    }
}
