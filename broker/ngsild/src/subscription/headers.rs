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
    /// the body holds no @context, those of `receiverInfo`, `NGSILD-Tenant`, `NGSILD-Snapshot`. What `receiverInfo` says of one that the broker
    /// sets here itself is left out; other names may come twice.
    /// `tenant` and `snapshot` are those that the subscription was made in; `None` for the default tenant, and for no
    /// snapshot. Values may have characters beyond ASCII.
    pub fn headers(&self, tenant: Option<&str>, snapshot: Option<&str>) -> Vec<KeyValue> {
        let header = |key: &str, value: String| KeyValue { key: key.to_owned(), value };
        let link = || format!("<{}>; rel=\"{CONTEXT_LINK_REL}\"; type=\"application/ld+json\"", self.context);
        let mut headers = vec![header("Content-Type", self.endpoint.accept.media_type().to_owned())];
        headers.extend((!self.endpoint.embeds_context()).then(|| header("Link", link())));
        let first = headers.len();
        headers.extend(tenant.map(|tenant| header("NGSILD-Tenant", tenant.to_owned())));
        headers.extend(snapshot.map(|snapshot| header("NGSILD-Snapshot", snapshot.to_owned())));
        let own = |pair: &&KeyValue| headers.iter().any(|own| own.key.eq_ignore_ascii_case(&pair.key));
        let theirs: Vec<KeyValue> = self.endpoint.receiver_info.iter().filter(|pair| !own(pair)).cloned().collect();
        headers.splice(first..first, theirs);
        headers
    }

    /// The message of a notification over MQTT (clause 7): what are headers elsewhere is in `metadata`. Where
    /// `receiverInfo` has a name twice, the last one counts.
    pub fn message(&self, notification: Value, tenant: Option<&str>, snapshot: Option<&str>) -> Value {
        let headers = self.headers(tenant, snapshot).into_iter();
        let metadata: Map<String, Value> = headers.map(|KeyValue { key, value }| (key, value.into())).collect();
        json!({ "metadata": metadata, "body": notification })
    }
}
