//! Which registrations a question is for (5.10.2, 5.12).

use ngsild::jsonld::Context;
use ngsild::query::filter::Expansions;
use ngsild::query::{EntitySelector, GeoQuery, Q, TypeSelection};
use ngsild::registration::RegistrationQuery;
use ngsild::temporal::{Interval, TimeProperty};
use serde_json::{Value, json};

use super::source;
use crate::at;

/// A query as the parameters of a discovery give it.
fn query(asked: &Value) -> RegistrationQuery {
    let context = Context::core();
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let list = |name: &str| text(name).into_iter().flat_map(|text| text.split(',')).collect::<Vec<_>>();
    let types = text("type").and_then(|types| types.parse::<TypeSelection>().unwrap().resolve(&context).unwrap());
    let ids = list("id").into_iter().map(|id| hiroba_vocab::EntityId::parse(id).unwrap()).collect();
    let selector = EntitySelector { ids, id_pattern: text("idPattern").map(|text| text.parse().unwrap()), types };
    let filter = |name: &str| {
        text(name).map(|text| text.parse::<Q>().unwrap().resolve(&context, &Expansions::default()).unwrap())
    };
    let names = list("attrs").into_iter().map(|name| context.expand_name(name).unwrap());
    let datasets = list("datasetId").into_iter();
    let datasets = datasets.map(|id| (id != "@none").then(|| hiroba_vocab::DatasetId::parse(id).unwrap())).collect();
    RegistrationQuery {
        selectors: vec![selector],
        attributes: names.collect(),
        datasets,
        geo: asked.get("geoQ").map(|geo| GeoQuery::from_json(geo, &context).unwrap()),
        temporal: Interval::parse(text("timerel"), text("timeAt"), text("endTimeAt")).unwrap().map(|interval| {
            (interval, text("timeproperty").map_or(Ok(TimeProperty::ObservedAt), TimeProperty::parse).unwrap())
        }),
        scope: text("scopeQ").map(|text| text.parse().unwrap()),
        csf: filter("csf"),
    }
}

fn found(members: &Value, asked: &Value) -> Option<Vec<usize>> {
    query(asked).matches(&source(members.clone()), at(0))
}

#[test]
fn entities_and_attributes_decide_which_elements_match() {
    let information = json!({"information": [
        {"entities": [{"type": "Vehicle"}], "propertyNames": ["speed"], "relationshipNames": ["isParked"]},
        {"entities": [{"type": "Parking", "idPattern": ".*downtown$"}, {"type": "Parking", "id": "urn:x:p1"}]},
        {"propertyNames": ["speed", "price"]},
    ]});
    for (asked, expected) in [
        (json!({"type": "Vehicle"}), vec![0, 2]),
        (json!({"type": "Vehicle", "attrs": "speed"}), vec![0, 2]),
        (json!({"type": "Vehicle", "attrs": "isParked"}), vec![0]),
        (json!({"type": "Vehicle", "attrs": "price,colour"}), vec![2]),
        (json!({"type": "Vehicle", "attrs": "colour"}), vec![]),
        (json!({"type": "Vehicle", "id": "urn:x:v1"}), vec![0, 2]),
        (json!({"type": "Parking"}), vec![1, 2]),
        (json!({"type": "Parking", "attrs": "spots"}), vec![1]),
        (json!({"type": "Parking", "id": "urn:x:p1", "attrs": "spots"}), vec![1]),
        (json!({"type": "Parking", "id": "urn:x:downtown", "attrs": "spots"}), vec![1]),
        (json!({"type": "Parking", "id": "urn:x:p2", "attrs": "spots"}), vec![]),
        (json!({"type": "Parking", "idPattern": "p1$", "attrs": "spots"}), vec![1]),
        (json!({"type": "Parking|Vehicle"}), vec![0, 1, 2]),
        (json!({"type": "(Parking;Vehicle)", "attrs": "spots"}), vec![]),
        (json!({"attrs": "spots"}), vec![1]),
        (json!({"type": "Bus", "attrs": "spots"}), vec![]),
        (json!({"type": "Bus", "attrs": "price"}), vec![2]),
        (json!({}), vec![0, 1, 2]),
    ] {
        assert_eq!(found(&information, &asked).unwrap_or_default(), expected, "{asked}");
    }
    let pattern = json!({"information": [{"entities": [{"type": "Parking", "id": "urn:x:p1"}]}]});
    assert_eq!(found(&pattern, &json!({"idPattern": "p2$"})), None, "a pattern is held against an id");
}

#[test]
fn areas_match_where_they_may_hold_hits() {
    let square = |from: f64, to: f64| json!([[[from, from], [to, from], [to, to], [from, to], [from, from]]]);
    let located = |coordinates: &Value| json!({"location": {"type": "Polygon", "coordinates": coordinates}});
    let geo = |georel: &str, shape: &str, coordinates: Value| json!({"georel": georel, "geometry": shape, "coordinates": coordinates});
    let area = located(&square(0.0, 10.0));
    for (asked, expected) in [
        (geo("near;maxDistance==1000", "Point", json!([5, 5])), true),
        (geo("near;maxDistance==1000", "Point", json!([10.001, 5])), true),
        (geo("near;maxDistance==1000", "Point", json!([10.1, 5])), false),
        (geo("near;minDistance==1000", "Point", json!([5, 5])), true),
        (geo("near;minDistance==2000000", "Point", json!([5, 5])), false),
        (geo("within", "Polygon", square(9.0, 12.0)), true),
        (geo("within", "Polygon", square(11.0, 12.0)), false),
        (geo("contains", "Point", json!([5, 5])), true),
        (geo("contains", "Point", json!([11, 5])), false),
        (geo("equals", "Point", json!([5, 5])), true),
        (geo("overlaps", "Polygon", square(5.0, 12.0)), true),
        (geo("intersects", "LineString", json!([[-5, 5], [-1, 5]])), false),
        (geo("disjoint", "Polygon", square(-1.0, 11.0)), false),
        (geo("disjoint", "Polygon", square(5.0, 12.0)), true),
    ] {
        assert_eq!(found(&area, &json!({"geoQ": asked})).is_some(), expected, "{asked}");
    }
    let near = geo("near;maxDistance==1000", "Point", json!([50, 5]));
    assert!(found(&json!({}), &json!({"geoQ": near})).is_some(), "one that tells no area may have hits anywhere");
    let mut elsewhere = near.clone();
    elsewhere["geoproperty"] = json!("observationSpace");
    let observing = json!({
        "location": {"type": "Point", "coordinates": [0, 0]}, "observationSpace": {"type": "Point", "coordinates": [50, 5]}
    });
    assert!(found(&observing, &json!({"geoQ": elsewhere})).is_some());
    assert!(found(&observing, &json!({"geoQ": near})).is_none());
    elsewhere["geoproperty"] = json!("cover");
    let own = json!({"cover": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [0, 0]}}});
    assert!(found(&own, &json!({"geoQ": elsewhere})).is_none());
}

#[test]
fn sources_of_the_past_are_found_by_their_intervals() {
    let interval = |name: &str, end: Option<&str>| {
        let mut interval = json!({"startAt": "2025-01-01T00:00:00Z"});
        if let Some(end) = end {
            interval["endAt"] = json!(end);
        }
        json!({ name: interval })
    };
    let (open, closed) =
        (interval("observationInterval", None), interval("observationInterval", Some("2026-01-01T00:00:00Z")));
    let managed = interval("managementInterval", None);
    let asked = |rel: &str, at: &str, end: Option<&str>| {
        let mut asked = json!({"timerel": rel, "timeAt": format!("{at}T00:00:00Z")});
        if let Some(end) = end {
            asked["endTimeAt"] = json!(format!("{end}T00:00:00Z"));
        }
        asked
    };
    for (members, asked, expected) in [
        (&json!({}), json!({}), true),
        (&json!({}), asked("after", "2025-06-01", None), false),
        (&open, json!({}), false),
        (&open, asked("after", "2025-06-01", None), true),
        (&open, asked("before", "2024-06-01", None), false),
        (&closed, asked("before", "2026-01-01", None), true),
        (&closed, asked("after", "2026-01-02", None), false),
        (&closed, asked("between", "2025-12-01", Some("2027-01-01")), true),
        (&closed, asked("between", "2024-01-01", Some("2025-01-01")), false),
        (&closed, asked("between", "2026-06-01", Some("2027-01-01")), false),
        (&managed, asked("after", "2025-06-01", None), false),
    ] {
        assert_eq!(found(members, &asked).is_some(), expected, "{asked} of {members}");
    }
    let mut modified = asked("after", "2025-06-01", None);
    modified["timeproperty"] = json!("modifiedAt");
    assert!(found(&managed, &modified).is_some());
    assert!(found(&open, &modified).is_none());
}

#[test]
fn filters_are_about_the_members_of_the_registration() {
    let members = json!({
        "speed": {"type": "Property", "value": 50, "accuracy": {"type": "Property", "value": 3}}, "colour": "red",
        "registrationName": "North", "scope": ["/Tokyo/North", "/Chiba"], "management": {"timeout": 2000},
        "operations": ["retrieveOps", "updateOps"], "datasetId": ["urn:d:1", "@none"], "expiresAt": "2199-01-01T00:00:00Z"
    });
    for (asked, expected) in [
        (json!({"csf": "speed>40"}), true),
        (json!({"csf": "speed>60"}), false),
        (json!({"csf": "speed.accuracy==3"}), true),
        (json!({"csf": "colour==\"red\";speed==50"}), true),
        (json!({"csf": "registrationName~=\"^Nor\""}), true),
        (json!({"csf": "endpoint==\"https://north.example/broker\""}), true),
        (json!({"csf": "mode==\"inclusive\""}), true),
        (json!({"csf": "mode==\"exclusive\""}), false),
        (json!({"csf": "operations==\"updateOps\""}), true),
        (json!({"csf": "management[timeout]>1000"}), true),
        (json!({"csf": "expiresAt>2100-01-01T00:00:00Z"}), true),
        (json!({"csf": "createdAt>2100-01-01T00:00:00Z"}), false),
        (json!({"csf": "seats"}), false),
        (json!({"scopeQ": "/Tokyo/#"}), true),
        (json!({"scopeQ": "/Osaka"}), false),
        (json!({"datasetId": "urn:d:1"}), true),
        (json!({"datasetId": "@none"}), true),
        (json!({"datasetId": "urn:d:2"}), false),
    ] {
        assert_eq!(found(&members, &asked).is_some(), expected, "{asked}");
    }
    assert!(found(&json!({}), &json!({"datasetId": "urn:d:2"})).is_some(), "one that names none may have any");
    let ends = json!({"expiresAt": at(10)});
    assert!(query(&json!({})).matches(&source(ends.clone()), at(9)).is_some());
    assert!(query(&json!({})).matches(&source(ends), at(10)).is_none(), "an expired registration is none");
}

#[test]
fn a_query_that_says_nothing_is_too_wide() {
    for (asked, typed, fine) in [
        (json!({}), false, false),
        (json!({}), true, true),
        (json!({"attrs": "a"}), false, true),
        (json!({"scopeQ": "/a", "csf": "a==1"}), false, false),
        (json!({"geoQ": {"georel": "within", "geometry": "Point", "coordinates": [1, 2]}}), false, true),
    ] {
        assert_eq!(query(&asked).check_not_too_wide(typed).is_ok(), fine, "{asked}");
    }
}
