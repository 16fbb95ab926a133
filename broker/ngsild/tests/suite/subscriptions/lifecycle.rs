//! Updates, status, and what clients see (5.8.2 to 5.8.4).

use ngsild::subscription::{Counters, Fragment, Status, Subscription, Use, Watch};
use ngsild::{DateTime, jsonld::Context};
use serde_json::{Map, Value, json};

use super::{body, context, create, create_with, notifying, place, update, watch};
use crate::at;

fn shown(subscription: &Subscription) -> Map<String, Value> {
    subscription.to_json(subscription.status(at(0)), &Counters::default(), false, &Context::core())
}

fn text(at: DateTime) -> String {
    at.to_string()
}

#[test]
fn the_status_follows_from_what_an_update_says() {
    // The table of 5.8.2: the old subscription, the fragment, and the status at second 10, when it is updated.
    let (past, soon) = (text(at(5)), text(at(99)));
    for (old, fragment, status) in [
        (json!({}), json!({"isActive": true}), Status::Active),
        (json!({"isActive": false}), json!({"isActive": true}), Status::Active),
        (json!({"expiresAt": past}), json!({"isActive": true}), Status::Expired),
        (json!({"expiresAt": past}), json!({"isActive": true, "expiresAt": soon}), Status::Active),
        (json!({"isActive": false}), json!({"isActive": true, "expiresAt": soon}), Status::Active),
        (json!({}), json!({"isActive": false}), Status::Paused),
        (json!({"expiresAt": past}), json!({"isActive": false}), Status::Expired),
        (json!({}), json!({"isActive": false, "expiresAt": soon}), Status::Paused),
        (json!({"expiresAt": past}), json!({"expiresAt": soon}), Status::Active),
        (json!({"expiresAt": past, "isActive": false}), json!({"expiresAt": soon}), Status::Active),
        (json!({"expiresAt": past}), json!({"expiresAt": null}), Status::Active),
        (json!({"isActive": false}), json!({"expiresAt": soon}), Status::Paused),
        (json!({"isActive": false}), json!({"isActive": null}), Status::Active),
        (json!({"isActive": false}), json!({"isActive": "urn:ngsi-ld:null"}), Status::Active),
        (json!({"expiresAt": past}), json!({"description": "d"}), Status::Expired),
    ] {
        let subscription = create(&body(old.clone())).unwrap();
        let new = update(&subscription, fragment.clone(), 10).unwrap();
        assert_eq!(new.status(at(10)), status, "{old} then {fragment}");
        assert_eq!(Watch::of(&new).unwrap().status(at(10)), status, "{old} then {fragment}");
    }
}

#[test]
fn an_end_is_reached_at_its_instant() {
    let subscription = create(&body(json!({"expiresAt": text(at(5))}))).unwrap();
    assert_eq!(subscription.status(DateTime::from_micros(at(5).micros() - 1)), Status::Active);
    assert_eq!(subscription.status(at(5)), Status::Expired);
    assert_eq!(place(create(&body(json!({"expiresAt": text(at(0))}))).unwrap_err()), "/expiresAt");
}

#[test]
fn an_update_that_is_wrong_is_refused() {
    let old = create(&body(json!({"watchedAttributes": ["a"], "expiresAt": text(at(50))}))).unwrap();
    for (fragment, at) in [
        (json!([]), ""),
        (json!({"type": "Other"}), "/type"),
        (json!({"id": "urn:ngsi-ld:Subscription:2"}), "/id"),
        (json!({"expiresAt": text(at(10))}), "/expiresAt"),
        (json!({"isActive": true, "expiresAt": text(at(9))}), "/expiresAt"),
        (json!({"notification": null}), "/notification"),
        (json!({"notification": {}}), "/notification/endpoint"),
        (json!({"notification": {"endpoint": null}}), "/notification/endpoint"),
        (json!({"entities": null, "watchedAttributes": null}), "/entities"),
        (json!({"timeInterval": 5}), "/watchedAttributes"),
        (json!({"odd": null}), "/odd"),
        (json!({"odd": 1}), "/odd"),
        (json!({"q": "a=="}), "q, character 4"),
    ] {
        assert_eq!(place(update(&old, fragment.clone(), 10).unwrap_err()), at, "{fragment}");
    }
    let null = body(json!({"description": "urn:ngsi-ld:null", "q": "a"}));
    assert!(create(&null).is_ok(), "any text is a description");
    assert!(Fragment::read(&json!({"type": "Subscription", "isActive": null}), Use::Create, &Context::core()).is_err());
}

#[test]
fn members_are_replaced_as_a_whole_and_the_others_stay() {
    let old = create(&notifying(json!({"pick": ["a"], "format": "concise"}))).unwrap();
    let fragment = json!({
        "type": "Subscription", "id": "urn:ngsi-ld:Subscription:1", "q": "a==1", "entities": null, "watchedAttributes": ["a"],
        "notification": {"endpoint": {"uri": "http://other.example/"}, "timesSent": 3}, "status": "paused", "createdAt": "x"
    });
    let new = update(&old, fragment, 10).unwrap();
    assert_eq!((new.created_at, new.modified_at), (at(0), at(10)));
    let expected = json!({
        "id": "urn:ngsi-ld:Subscription:1", "type": "Subscription", "q": "a==1", "watchedAttributes": ["a"],
        "notification": {"endpoint": {"uri": "http://other.example/"}}, "status": "active"
    });
    assert_eq!(Value::Object(shown(&new)), expected);
    assert_eq!(update(&old, json!({}), 0).unwrap(), old);
}

#[test]
fn an_update_with_another_context_leaves_the_names_that_it_does_not_bring() {
    let [first, second] = ["one", "two"].map(|n| context(json!({"a": format!("https://{n}.example/a")})));
    let old = create_with(&body(json!({"watchedAttributes": ["a"], "q": "a"})), &first).unwrap();
    let fragment = Fragment::read(&json!({"q": "a==2"}), Use::Update, &second).unwrap();
    let watch = Watch::of(&old.update(fragment, at(1)).unwrap()).unwrap();
    assert_eq!(watch.watched[0].as_str(), "https://one.example/a");
    assert!(format!("{:?}", watch.query.filter).contains("https://two.example/a"));
}

#[test]
fn the_context_of_notifications_is_the_one_that_is_named() {
    let own = "https://a.example/context.jsonld";
    let fragment = Fragment::read(&body(json!({"jsonldContext": own})), Use::Create, &Context::core()).unwrap();
    assert_eq!(fragment.jsonld_context(), Some(own));
    let old = create(&body(json!({"jsonldContext": own}))).unwrap();
    assert_eq!(old.context(), own);
    let new = update(&old, json!({"jsonldContext": null}), 1).unwrap();
    assert_eq!((new.context(), watch(&body(json!({}))).context.as_str()), (super::CORE, super::CORE));
}

#[test]
fn readers_see_the_names_of_their_own_context() {
    let author =
        context(json!({"Lamp": "https://ex.example/Lamp", "on": "https://ex.example/on", "r": "https://ex.example/r"}));
    let reader = context(json!({"Leuchte": "https://ex.example/Lamp", "an": "https://ex.example/on"}));
    let written = body(json!({
        "entities": [{"type": "(Lamp;X)|Y", "idPattern": ".*"}], "watchedAttributes": ["on", "other"], "q": "on==true",
        "notification": {
            "pick": ["id,on", "r{on}"], "omit": ["createdAt"], "join": "flat", "endpoint": {"uri": "http://a.example/"}
        }
    }));
    let subscription = create_with(&written, &author).unwrap();
    let show =
        |context: &Context| Value::Object(subscription.to_json(Status::Active, &Counters::default(), false, context));
    let seen = show(&reader);
    assert_eq!(seen["entities"], json!([{"type": "(Leuchte;X),Y", "idPattern": ".*"}]));
    assert_eq!(seen["watchedAttributes"], json!(["an", "other"]));
    assert_eq!(seen["notification"]["pick"], json!(["id,an", "https://ex.example/r{an}"]));
    assert_eq!((&seen["notification"]["omit"], &seen["q"]), (&json!(["createdAt"]), &json!("on==true")));
    let own = show(&author);
    assert_eq!(
        (&own["watchedAttributes"], &own["notification"]),
        (&written["watchedAttributes"], &written["notification"])
    );
}

#[test]
fn counters_are_shown_once_something_was_sent() {
    let subscription = create(&body(json!({}))).unwrap();
    let none = shown(&subscription);
    assert_eq!(none["notification"], json!({"endpoint": {"uri": "http://receiver.example/hook"}}));
    assert!(!none.contains_key("createdAt"));
    let failed = Counters {
        times_sent: 2,
        times_failed: 1,
        last_notification: Some(at(2)),
        last_success: Some(at(1)),
        last_failure: Some(at(2)),
        failing: true,
    };
    let seen = subscription.to_json(Status::Active, &failed, true, &Context::core());
    let notification = json!({
        "endpoint": {"uri": "http://receiver.example/hook"}, "status": "failed", "timesSent": 2, "timesFailed": 1,
        "lastNotification": at(2), "lastSuccess": at(1), "lastFailure": at(2)
    });
    assert_eq!((&seen["notification"], &seen["createdAt"]), (&notification, &json!(at(0))));
    let again = Counters { times_sent: 3, last_success: Some(at(3)), failing: false, ..failed };
    let seen = subscription.to_json(Status::Active, &again, false, &Context::core());
    assert_eq!((&seen["notification"]["status"], &seen["notification"]["timesFailed"]), (&json!("ok"), &json!(1)));
}
