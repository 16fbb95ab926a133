//! What is written, and which of 50 subscriptions is to be told of which write.

use serde_json::{Value, json};

use crate::judge::Told;

/// How many write at once. Entity n belongs to writer n modulo this.
pub(crate) const WRITERS: usize = 8;
/// How many entities there are.
pub(crate) const ENTITIES: u64 = 200;
/// Entity n is of type n modulo this.
const TYPES: u64 = 5;
/// `phase` runs through so many values.
const PHASES: u64 = 5;
/// Every so many writes change `lamp`, too.
const LAMP: u64 = 4;

/// What a subscription asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Filter {
    /// Every change of entities of a type.
    Type(u64),
    /// Every change of one entity.
    Id(u64),
    /// Every change of entities whose number ends with a digit.
    Pattern(u64),
    /// Changes of entities of a type after which `phase` has a value.
    Phase { kind: u64, phase: u64 },
    /// Changes of `lamp` of entities of a type.
    Lamp(u64),
}

/// The 50 subscriptions. They overlap: a write concerns two to seven of them.
pub(crate) fn filters() -> Vec<Filter> {
    let types = (0..10).map(|n| Filter::Type(n % TYPES));
    let ids = (0..15).map(|n| Filter::Id(n * 13));
    let patterns = (0..5).map(|n| Filter::Pattern(n * 2));
    let phases = (0..10).map(|n| Filter::Phase { kind: n % TYPES, phase: n / TYPES });
    let lamps = (0..10).map(|n| Filter::Lamp(n % TYPES));
    types.chain(ids).chain(patterns).chain(phases).chain(lamps).collect()
}

impl Filter {
    /// Whether a write makes a notification.
    pub(crate) fn wants(self, told: Told) -> bool {
        let Told { entity, value } = told;
        match self {
            Self::Type(kind) => entity % TYPES == kind,
            Self::Id(id) => entity == id,
            Self::Pattern(digit) => entity % 10 == digit,
            Self::Phase { kind, phase } => entity % TYPES == kind && value % PHASES == phase,
            Self::Lamp(kind) => entity % TYPES == kind && value.is_multiple_of(LAMP),
        }
    }

    /// The subscription as a client sends it.
    pub(crate) fn subscription(self, number: usize, uri: &str) -> Value {
        let (selector, more) = match self {
            Self::Type(kind) => (json!({"type": format!("T{kind}")}), json!({})),
            Self::Id(id) => (json!({"type": kind(id), "id": id_of(id)}), json!({})),
            Self::Pattern(digit) => {
                (json!({"type": "Device", "idPattern": format!("^urn:ngsi-ld:Device:.*{digit}$")}), json!({}))
            }
            Self::Phase { kind, phase } => {
                (json!({"type": format!("T{kind}")}), json!({"q": format!("phase=={phase}")}))
            }
            Self::Lamp(kind) => (json!({"type": format!("T{kind}")}), json!({"watchedAttributes": ["lamp"]})),
        };
        let mut body = json!({
            "id": format!("urn:ngsi-ld:Subscription:{number}"), "type": "Subscription", "entities": [selector],
            "notification": {"endpoint": {"uri": uri}}
        });
        if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
            body.extend(more);
        }
        body
    }
}

fn kind(entity: u64) -> String {
    format!("T{}", entity % TYPES)
}

/// The id of an entity.
pub(crate) fn id_of(entity: u64) -> String {
    format!("urn:ngsi-ld:Device:{entity}")
}

fn property(value: u64) -> Value {
    json!({"type": "Property", "value": value})
}

/// An entity before the first write. It is of two types.
pub(crate) fn entity(number: u64) -> Value {
    json!({
        "id": id_of(number), "type": ["Device", kind(number)],
        "level": property(0), "phase": property(PHASES), "lamp": property(0)
    })
}

/// The body of a write to `/attrs`.
pub(crate) fn attributes(value: u64) -> Value {
    let mut body = json!({"level": property(value), "phase": property(value % PHASES)});
    if value.is_multiple_of(LAMP) {
        body["lamp"] = property(value);
    }
    body
}
