#![doc = include_str!("../README.md")]

pub mod client;
pub mod servers;
pub mod wire;

use std::ops::Range;

use bytes::Bytes;
use ngsild::jsonld::Context;
use ngsild::read::{Nulls, Reader};
use ngsild::{DateTime, Entity, Error};
use serde_json::{Value, json};

/// How many entities the city has.
pub const CITY: usize = 100_000;
/// Every fifth entity is an AED: entity 0, 5, 10, …
pub const AED_EVERY: usize = 5;
/// The south-west corner of the city, in degrees: longitude, latitude.
pub const ORIGIN: [f64; 2] = [139.0, 36.3];
/// The city's extent in degrees of longitude and latitude: about 20 km each way.
pub const EXTENT: [f64; 2] = [0.22, 0.18];

const SEED: u64 = 20_260_401;
const TOWNS: [&str; 8] = ["本町", "中央町", "青葉台", "若葉町", "大字西原", "大字南新田", "桜木", "栗ヶ沢"];

/// The entity of a number as a JSON document in the terms of Hiroba's vocabulary, normalized. The same number always
/// gives the same entity.
pub fn document(n: usize) -> Value {
    let mut random = fastrand::Rng::with_seed(SEED ^ (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let kind = ["AED", "EvacuationSite", "PublicFacility", "StreetLight", "StreetLight"][n % AED_EVERY];
    let town = TOWNS[random.usize(..TOWNS.len())];
    let street = format!("{town}{}-{}", random.u32(1..30), random.u32(1..40));
    let longitude = ORIGIN[0] + EXTENT[0] * random.f64();
    let latitude = ORIGIN[1] + EXTENT[1] * random.f64();
    let property = |value: Value| json!({"type": "Property", "value": value});
    let mut entity = json!({
        "id": id(n),
        "type": kind,
        "location": {"type": "GeoProperty", "value": {
            "type": "Point", "coordinates": [round(longitude), round(latitude)]}},
        "identifier": property(json!(format!("{n:010}"))),
    });
    let mut put = |name: &str, attribute: Value| entity[name] = attribute;
    if kind == "StreetLight" {
        let second = random.u32(..60);
        put("powerState", property(json!(if random.bool() { "on" } else { "off" })));
        put(
            "illuminance",
            json!({"type": "Property", "value": random.u32(..4_000), "unitCode": "LUX",
                   "observedAt": format!("2026-04-01T00:00:{second:02}Z")}),
        );
        return entity;
    }
    put(
        "name",
        json!({"type": "LanguageProperty", "languageMap": {
        "ja": format!("{town}第{}会館", n / AED_EVERY), "en": format!("Hall {}", n / AED_EVERY)}}),
    );
    put(
        "address",
        property(json!({
        "addressCountry": "JP", "addressRegion": "広場県", "addressLocality": "広場市", "streetAddress": street})),
    );
    put("telephone", property(json!(format!("0990-{:02}-{:04}", random.u32(..100), random.u32(..10_000)))));
    put(
        "openingHoursSpecification",
        property(json!([{
        "dayOfWeek": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], "opens": "08:30", "closes": "17:15"}])),
    );
    put("inDataset", json!({"type": "Relationship", "object": format!("urn:ngsi-ld:Dataset:990019:{kind}")}));
    match kind {
        "AED" => {
            put("installationPosition", property(json!(format!("{}階", random.u32(1..5)))));
            put("hasChildEquipment", property(json!(random.bool())));
        }
        "EvacuationSite" => put("capacity", property(json!(random.u32(50..5_000)))),
        _ => put("note", property(json!("車椅子で利用できます"))),
    }
    entity
}

/// The entities of these numbers as the body of a batch operation.
pub fn batch(numbers: Range<usize>) -> Bytes {
    Value::Array(numbers.map(document).collect()).to_string().into()
}

/// The id of an entity.
pub fn id(n: usize) -> String {
    format!("urn:ngsi-ld:Place:990019:{n}")
}

/// Seven decimals, as files have them: about a centimetre.
fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

/// A document as an entity.
///
/// # Errors
/// [`Error`] when it is none.
pub fn entity(document: Value, context: &Context) -> Result<Entity, Error> {
    Reader { context, nulls: Nulls::Refused }.fragment(document)?.into_entity(DateTime::from_micros(0))
}

/// The first entities of the city.
///
/// # Errors
/// Never, as long as the corpus is sound.
pub fn entities(count: usize) -> Result<Vec<Entity>, Error> {
    (0..count).map(|n| entity(document(n), Context::vocabulary())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_city_is_the_same_every_time_and_every_entity_is_sound() {
        let city = entities(1_000).unwrap();
        assert_eq!(city, entities(1_000).unwrap());
        assert_eq!(city.iter().filter(|entity| entity.types[0].as_str().ends_with("/AED")).count(), 200);
        for entity in &city {
            assert!(entity.attributes.len() >= 4, "{entity:?}");
            let unknown: Vec<_> =
                entity.attributes.keys().filter(|name| name.as_str().contains("default-context")).collect();
            assert!(unknown.is_empty() || entity.types[0].as_str().ends_with("StreetLight"), "{unknown:?}");
        }
    }
}
