//! Registrations are created, changed and shown (5.9.2, 5.9.3, 5.10).

use hiroba_vocab::Iri;
use ngsild::jsonld::Context;
use ngsild::registration::{Fragment, Registration, Use};
use serde_json::{Value, json};

use super::{body, context, create, create_with, place, update};
use crate::at;

fn shown(registration: &Registration, context: &Context) -> Value {
    Value::Object(registration.to_json(None, false, context))
}

#[test]
fn a_registration_is_shown_as_it_was_written() {
    let body = body(json!({
        "id": "urn:r:1", "mode": "redirect", "operations": ["redirectionOps"], "tenant": "north",
        "information": [{"entities": [{"type": ["Greenhouse", "Building"], "idPattern": "^urn:"}], "propertyNames": ["humidity"], "relationshipNames": ["tendedBy"]}],
        "location": {"type": "Point", "coordinates": [139.7, 35.6]}, "scope": "/Tokyo", "expiresAt": "2199-01-01T00:00:00Z",
        "management": {"timeout": 2000, "localOnly": true}, "speed": {"type": "Property", "value": 5}, "@context": []
    }));
    let registration = create(&body).unwrap();
    let mut expected = body;
    expected.as_object_mut().unwrap().remove("@context");
    assert_eq!(shown(&registration, &Context::core()), expected);
    let stored: Registration = serde_json::from_str(&serde_json::to_string(&registration).unwrap()).unwrap();
    assert_eq!(stored, registration);
    let detailed = registration.to_json(None, true, &Context::core());
    assert_eq!((&detailed["createdAt"], &detailed["modifiedAt"]), (&json!(at(0)), &json!(at(0))));
}

#[test]
fn names_are_those_of_the_reader() {
    let terms = |prefix: &str| {
        let names = ["House", "wet", "by", "speed", "sure"]
            .map(|name| (format!("{prefix}{name}"), json!(format!("https://ex.org/{name}"))));
        context(Value::Object(names.into_iter().collect()))
    };
    let (author, reader) = (terms(""), terms("x"));
    let own = json!({"type": "Property", "value": {"speed": 1}, "sure": {"type": "Property", "value": true}});
    let written = body(json!({
        "information": [{"entities": [{"type": "House", "id": "urn:x:1"}], "propertyNames": ["wet"], "relationshipNames": ["by"]}],
        "speed": own,
    }));
    let registration = create_with(&written, &author).unwrap();
    let told = shown(&registration, &reader);
    assert_eq!(
        told["information"],
        json!([{"entities": [{"type": "xHouse", "id": "urn:x:1"}], "propertyNames": ["xwet"], "relationshipNames": ["xby"]}])
    );
    assert_eq!(
        told["xspeed"],
        json!({"type": "Property", "value": {"speed": 1}, "xsure": {"type": "Property", "value": true}})
    );
    assert_eq!(shown(&registration, &Context::core())["https://ex.org/speed"]["value"], json!({"speed": 1}));
    assert_eq!(shown(&registration, &author)["speed"], own);
}

#[test]
fn only_the_elements_that_matter_are_shown() {
    let registration = create(&body(
        json!({"information": [{"propertyNames": ["a"]}, {"propertyNames": ["b"]}, {"propertyNames": ["c"]}]}),
    ));
    let told = registration.unwrap().to_json(Some(&[0, 2]), false, &Context::core());
    assert_eq!(told["information"], json!([{"propertyNames": ["a"]}, {"propertyNames": ["c"]}]));
}

#[test]
fn an_update_replaces_and_removes_whole_members() {
    let old =
        create(&body(json!({"description": "d", "scope": "/a", "speed": 5, "seats": 2, "tenant": "north"}))).unwrap();
    let change = json!({
        "endpoint": "http://south.example", "scope": "urn:ngsi-ld:null", "tenant": null, "speed": 6, "seats": "urn:ngsi-ld:null",
        "status": "failed"
    });
    let new = update(&old, change, 5).unwrap();
    let expected = body(json!({"id": old.id, "endpoint": "http://south.example", "description": "d", "speed": 6}));
    assert_eq!(shown(&new, &Context::core()), expected);
    assert_eq!((new.created_at, new.modified_at), (at(0), at(5)));
}

#[test]
fn an_update_with_another_context_changes_the_same_property() {
    let author = context(json!({"speed": "https://ex.org/speed"}));
    let other = context(json!({"tempo": "https://ex.org/speed", "speed": "https://ex.org/other"}));
    let old = create_with(&body(json!({"speed": 5})), &author).unwrap();
    let fragment = Fragment::read(&json!({"tempo": 6, "speed": 7}), Use::Update, &other).unwrap();
    let new = old.update(fragment, at(1)).unwrap();
    let told = shown(&new, &author);
    assert_eq!((&told["speed"], &told["https://ex.org/other"]), (&json!(6), &json!(7)));
}

#[test]
fn what_an_update_must_not_lead_to_is_refused() {
    let old = create(&body(json!({"id": "urn:r:1"}))).unwrap();
    for (change, at) in [
        (json!({"id": "urn:r:2"}), "/id"),
        (json!({"type": "Other"}), "/type"),
        (json!({"endpoint": null}), "/endpoint"),
        (json!({"information": "urn:ngsi-ld:null"}), "/information"),
        (json!({"mode": "exclusive"}), "/information/0"),
        (json!({"mode": "auxiliary"}), "/operations"),
        (json!({"expiresAt": "2001-01-01T00:00:00Z"}), "/expiresAt"),
    ] {
        assert_eq!(place(update(&old, change.clone(), 5).unwrap_err()), at, "{change}");
    }
    let same = json!({"id": "urn:r:1", "type": "ContextSourceRegistration", "expiresAt": "2199-01-01T00:00:00Z"});
    let ends = update(&old, same, 5).unwrap();
    assert_eq!(update(&ends, json!({"expiresAt": null}), 6).unwrap().expires_at(), None);
    assert_eq!(old.id, Iri::from_expanded("urn:r:1"));
}
