//! The temporal API over HTTP (clauses 5.6.11 to 5.6.16, 5.7.3, 5.7.4; 6.18 to 6.24).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Broker, encode, run};

const TEMPORAL: &str = "/ngsi-ld/v1/temporal/entities";

/// The second second after midnight of the first of April 2026.
fn at(second: u32) -> String {
    format!("2026-04-01T00:00:{second:02}Z")
}

fn measured(value: impl Into<Value>, second: u32) -> Value {
    json!({"type": "Property", "value": value.into(), "observedAt": at(second)})
}

/// A sensor with temperatures 1 to 6 at seconds 1 to 6, a humidity at second 3, and places at 1 and 5.
async fn sensor(broker: &Broker, n: u32) {
    let body = json!({
        "id": format!("urn:x:sensor:{n}"), "type": "Sensor",
        "temperature": (1..=6).map(|second| measured(second + 10 * (n - 1), second)).collect::<Vec<_>>(),
        "humidity": measured(50, 3),
        "location": [
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [n, 0]}, "observedAt": at(1)},
            {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [n, 10]}, "observedAt": at(5)},
        ],
    });
    let answer = broker.post(TEMPORAL, &body).send().await;
    assert_eq!((answer.status, answer.header("location")), (201, Some(&*format!("{TEMPORAL}/urn:x:sensor:{n}"))));
}

async fn retrieve(broker: &Broker, id: &str, query: &str) -> Answer {
    broker.get(&format!("{TEMPORAL}/{id}?{query}")).send().await
}

fn values(answer: &Answer, attribute: &str) -> Vec<Value> {
    let document = answer.json();
    let series = document[attribute].as_array().cloned().unwrap_or_default();
    series.iter().map(|instance| instance["value"].clone()).collect()
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_change_by_the_core_api_is_history() {
    run(async {
        for broker in Broker::every().await {
            let path = "/ngsi-ld/v1/entities/urn:x:1";
            broker.create(&json!({"id": "urn:x:1", "type": "T", "a": 1, "b": {"value": 1, "observedAt": at(1)}, "scope": "/s"})).await;
            let patch = |body: Value| broker.ask(Method::PATCH, &format!("{path}/attrs")).body(&body).send();
            assert_eq!(patch(json!({"a": 2})).await.status, 204);
            assert_eq!(patch(json!({"a": {"value": 3}, "scope": "/t"})).await.status, 204);
            assert_eq!(broker.ask(Method::DELETE, &format!("{path}/attrs/a")).send().await.status, 204);
            let answer = retrieve(&broker, "urn:x:1", "").await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(values(&answer, "a"), [json!(1), json!(2), json!(3), json!("urn:ngsi-ld:null")]);
            assert_eq!(values(&answer, "scope"), ["/s", "/t"]);
            let document = answer.json();
            assert!(document["a"][3]["deletedAt"].is_string() && document["a"][0]["deletedAt"].is_null());
            assert!(document["a"][0]["instanceId"].as_str().unwrap().starts_with("urn:ngsi-ld:Instance:"));
            assert!(document["scope"][0]["observedAt"].is_string() && document["scope"][0]["instanceId"].is_null());
            // Only what was observed has an observedAt that lies anywhere.
            let observed = retrieve(&broker, "urn:x:1", &format!("timerel=before&timeAt={}", at(9))).await;
            assert_eq!((values(&observed, "a"), values(&observed, "b")), (vec![], vec![json!(1)]));
            let modified = "timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=modifiedAt&pick=id,a";
            assert_eq!(values(&retrieve(&broker, "urn:x:1", modified).await, "a").len(), 4);
            let deleted = "timerel=after&timeAt=2020-01-01T00:00:00Z&timeproperty=deletedAt";
            assert_eq!(values(&retrieve(&broker, "urn:x:1", deleted).await, "a"), ["urn:ngsi-ld:null"]);
            // History outlives the entity.
            assert_eq!(broker.ask(Method::DELETE, path).send().await.status, 204);
            let after = retrieve(&broker, "urn:x:1", "options=sysAttrs").await;
            assert_eq!((values(&after, "a").len(), values(&after, "b").len()), (4, 2));
            assert!(after.json()["deletedAt"].is_string() && after.json()["a"][0]["createdAt"].is_string());
            let listed = format!("{TEMPORAL}?type=T&timerel=before&timeAt={}", at(9));
            assert_eq!(ids(&broker.get(&listed).send().await), ["urn:x:1"]);
            // An entity of the same name goes on with it.
            broker.create(&json!({"id": "urn:x:1", "type": "T", "a": 9})).await;
            assert_eq!(values(&retrieve(&broker, "urn:x:1", "pick=a").await, "a").len(), 5);
            assert_eq!(broker.ask(Method::DELETE, &format!("{TEMPORAL}/urn:x:1")).send().await.status, 204);
            assert_eq!(retrieve(&broker, "urn:x:1", "").await.status, 404);
            assert_eq!(broker.simplified("urn:x:1").await["a"], 9, "the present stays");
        }
    });
}

#[test]
fn instances_are_added_modified_and_deleted() {
    run(async {
        for broker in Broker::every().await {
            sensor(&broker, 1).await;
            let id = "urn:x:sensor:1";
            assert_eq!(broker.simplified(id).await["temperature"], 6, "the one observed last is the current one");
            let again = json!({"id": id, "type": ["Sensor", "Device"], "temperature": measured(60, 30)});
            assert_eq!(broker.post(TEMPORAL, &again).send().await.status, 204);
            assert_eq!(broker.simplified(id).await["type"], json!(["Sensor", "Device"]));
            let attributes = format!("{TEMPORAL}/{id}/attrs");
            let add = |body: Value| broker.post(&attributes, &body).send();
            assert_eq!(add(json!({"temperature": [measured(0, 0), measured(7, 7)]})).await.status, 204);
            let numbers = async |attribute: &str| values(&retrieve(&broker, id, "").await, attribute);
            assert_eq!(numbers("temperature").await, [0, 1, 2, 3, 4, 5, 6, 7, 60]);
            assert_eq!(broker.simplified(id).await["temperature"], 60, "the past leaves the present alone");
            // One instance.
            let series = retrieve(&broker, id, "options=sysAttrs").await.json()["temperature"].clone();
            let instance = series[3]["instanceId"].as_str().unwrap().to_owned();
            let path = format!("{attributes}/temperature/{instance}");
            let modify = json!({"temperature": [measured(33, 3)]});
            assert_eq!(broker.ask(Method::PATCH, &path).body(&modify).send().await.status, 204);
            let modified = retrieve(&broker, id, "options=sysAttrs").await.json()["temperature"].clone();
            assert_eq!((&modified[3]["value"], &modified[3]["instanceId"]), (&json!(33), &json!(instance)));
            assert_eq!(modified[3]["createdAt"], series[3]["createdAt"]);
            assert_ne!(modified[3]["modifiedAt"], series[3]["modifiedAt"]);
            let since = series[8]["modifiedAt"].as_str().unwrap();
            let late = format!("timerel=after&timeAt={since}&timeproperty=modifiedAt&pick=temperature");
            let late = values(&retrieve(&broker, id, &late).await, "temperature");
            assert!(late.contains(&json!(33)) && !late.contains(&json!(1)), "{late:?}");
            assert_eq!(broker.ask(Method::DELETE, &path).send().await.status, 204);
            assert_eq!(broker.ask(Method::DELETE, &path).send().await.status, 404);
            assert_eq!(numbers("temperature").await, [0, 1, 2, 4, 5, 6, 7, 60]);
            // One series of several.
            let two =
                json!({"humidity": [{"type": "Property", "value": 1, "datasetId": "urn:d:1", "observedAt": at(1)}]});
            assert_eq!(add(two).await.status, 204);
            assert_eq!(numbers("humidity").await.len(), 2);
            let delete =
                async |query: &str| broker.ask(Method::DELETE, &format!("{attributes}/{query}")).send().await.status;
            assert_eq!(delete("humidity?datasetId=urn:d:2").await, 404);
            assert_eq!(delete("humidity").await, 204);
            assert_eq!(numbers("humidity").await, [1]);
            assert_eq!(delete("humidity").await, 404);
            assert_eq!(delete("humidity?deleteAll=true").await, 204);
            assert_eq!(delete("humidity?deleteAll=true").await, 404);
            assert_eq!(numbers("humidity").await, Vec::<Value>::new());
            // The past of an entity that is gone grows; the entity does not come back.
            assert_eq!(broker.ask(Method::DELETE, &format!("/ngsi-ld/v1/entities/{id}")).send().await.status, 204);
            assert_eq!(add(json!({"temperature": measured(8, 8)})).await.status, 204);
            assert!(numbers("temperature").await.contains(&json!(8)));
            assert_eq!(broker.get(&format!("/ngsi-ld/v1/entities/{id}")).send().await.status, 404);
        }
    });
}

#[test]
fn intervals_and_counts_choose_what_is_shown() {
    run(async {
        for broker in Broker::every().await {
            sensor(&broker, 1).await;
            for (query, shown) in [
                (format!("timerel=before&timeAt={}", at(3)), vec![1, 2]),
                (format!("timerel=after&timeAt={}", at(5)), vec![5, 6]),
                (format!("timerel=between&timeAt={}&endTimeAt={}", at(2), at(4)), vec![2, 3]),
                (format!("timerel=between&timeAt={}&endTimeAt={}", at(2), at(2)), vec![]),
                ("lastN=2".to_owned(), vec![6, 5]),
                (format!("timerel=before&timeAt={}&lastN=2", at(5)), vec![4, 3]),
                (format!("timerel=after&timeAt={}&lastN=9", at(5)), vec![6, 5]),
                ("lastN=2&attrs=humidity".to_owned(), vec![]),
                ("lastN=1&pick=temperature".to_owned(), vec![6]),
                ("omit=temperature".to_owned(), vec![]),
                ("datasetId=urn:d:1".to_owned(), vec![]),
                ("datasetId=@none&lastN=1".to_owned(), vec![6]),
            ] {
                let answer = retrieve(&broker, "urn:x:sensor:1", &query).await;
                assert_eq!(
                    (answer.status, values(&answer, "temperature")),
                    (200, shown.into_iter().map(Value::from).collect()),
                    "{query}"
                );
            }
        }
    });
}

#[test]
fn an_answer_that_is_too_long_ends_at_one_instant_and_says_so() {
    run(async {
        for broker in Broker::every_with(&["--temporal-instances", "4"]).await {
            sensor(&broker, 1).await;
            for (query, temperatures, range) in [
                ("pick=temperature".to_owned(), vec![1, 2, 3, 4], format!("date-time {}-{}/*", at(1), at(4))),
                ("".to_owned(), vec![1, 2, 3], format!("date-time {}-{}/*", at(1), at(3))),
                (
                    format!("timerel=after&timeAt={}&pick=temperature", at(0)),
                    vec![1, 2, 3, 4],
                    format!("date-time {}-{}/*", at(0), at(4)),
                ),
                (
                    format!("timerel=before&timeAt={}&pick=temperature", at(9)),
                    vec![1, 2, 3, 4],
                    format!("date-time {}-{}/*", at(1), at(4)),
                ),
                (
                    format!("timerel=before&timeAt={}&pick=temperature&lastN=9", at(9)),
                    vec![6, 5, 4, 3],
                    format!("date-time {}-{}/9", at(9), at(3)),
                ),
                (
                    format!("timerel=after&timeAt={}&pick=temperature&lastN=9", at(0)),
                    vec![6, 5, 4, 3],
                    format!("date-time {}-{}/9", at(6), at(3)),
                ),
            ] {
                let answer = retrieve(&broker, "urn:x:sensor:1", &query).await;
                assert_eq!(answer.status, 206, "{query}: {}", answer.text);
                assert_eq!(answer.header("content-range"), Some(&*range), "{query}");
                assert_eq!(
                    values(&answer, "temperature"),
                    temperatures.into_iter().map(Value::from).collect::<Vec<_>>(),
                    "{query}"
                );
            }
            let fits = retrieve(&broker, "urn:x:sensor:1", "pick=temperature&lastN=4").await;
            assert_eq!((fits.status, fits.header("content-range")), (200, None));
            // The next page starts at the end of the range.
            let rest = format!("timerel=after&timeAt={}&pick=temperature", at(4));
            let rest = retrieve(&broker, "urn:x:sensor:1", &rest).await;
            assert_eq!((rest.status, values(&rest, "temperature")), (200, vec![json!(4), json!(5), json!(6)]));
            // All entities of a page end at the same instant.
            sensor(&broker, 2).await;
            let query = format!("{TEMPORAL}?type=Sensor&pick=temperature&timerel=after&timeAt={}", at(1));
            let answer = broker.get(&query).send().await;
            let counts: Vec<usize> = answer
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(|entity| entity["temperature"].as_array().unwrap().len())
                .collect();
            assert_eq!((answer.status, counts), (206, vec![2, 2]));
            // However long the series are, every page gets on, and nothing is left out.
            let long: Vec<Value> = (0..50).map(|n| measured(n, n)).collect();
            for chunk in long.chunks(7) {
                let body = json!({"id": "urn:x:long", "type": "Long", "n": chunk});
                assert!(matches!(broker.post(TEMPORAL, &body).send().await.status, 201 | 204));
            }
            let (mut from, mut seen) = (at(0), Vec::new());
            loop {
                let page = retrieve(&broker, "urn:x:long", &format!("timerel=after&timeAt={from}")).await;
                seen.extend(values(&page, "n"));
                let Some(range) = page.header("content-range") else { break };
                from = range.trim_end_matches("/*").rsplit_once("Z-").unwrap().1.to_owned();
            }
            seen.dedup();
            assert_eq!(seen, (0..50).map(Value::from).collect::<Vec<_>>());
        }
    });
}

#[test]
fn series_are_shown_as_pairs() {
    run(async {
        for broker in Broker::every().await {
            let time = at(1);
            let body = json!({
                "id": "urn:x:1", "type": "T", "scope": [{"type": "Property", "value": "/s", "observedAt": time}],
                "property": [{"type": "Property", "value": 1, "observedAt": time}],
                "place": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}, "observedAt": time},
                "name": {"type": "LanguageProperty", "languageMap": {"en": "Square", "ja": "広場"}, "observedAt": time},
                "raw": {"type": "JsonProperty", "json": {"a": 1}, "observedAt": time},
                "kind": {"type": "VocabProperty", "vocab": "Tomato", "observedAt": time},
                "list": {"type": "ListProperty", "valueList": [1, 2], "observedAt": time},
                "one": {"type": "Relationship", "object": "urn:x:2", "observedAt": time},
                "many": {"type": "ListRelationship", "objectList": ["urn:x:2", "urn:x:3"], "observedAt": time},
                "two": [
                    {"type": "Property", "value": 1, "observedAt": time},
                    {"type": "Property", "value": 2, "datasetId": "urn:d:1", "observedAt": time}
                ]
            });
            assert_eq!(broker.post(TEMPORAL, &body).send().await.status, 201);
            let answer = retrieve(&broker, "urn:x:1", "format=temporalValues").await;
            assert_eq!(
                answer.json(),
                json!({
                    "id": "urn:x:1", "type": "T", "scope": {"type": "Property", "values": [["/s", time]]},
                    "property": {"type": "Property", "values": [[1, time]]},
                    "place": {"type": "GeoProperty", "values": [[{"type": "Point", "coordinates": [1, 2]}, time]]},
                    "name": {"type": "LanguageProperty", "languageMaps": [[{"languageMap": {"en": "Square", "ja": "広場"}}, time]]},
                    "raw": {"type": "JsonProperty", "jsons": [[{"json": {"a": 1}}, time]]},
                    "kind": {"type": "VocabProperty", "vocabs": [[{"vocab": "Tomato"}, time]]},
                    "list": {"type": "ListProperty", "valueLists": [[[1, 2], time]]},
                    "one": {"type": "Relationship", "objects": [["urn:x:2", time]]},
                    "many": {"type": "ListRelationship", "objectLists": [[["urn:x:2", "urn:x:3"], time]]},
                    "two": [
                        {"type": "Property", "values": [[1, time]]},
                        {"type": "Property", "datasetId": "urn:d:1", "values": [[2, time]]}
                    ]
                })
            );
            let japanese = retrieve(&broker, "urn:x:1", "options=temporalValues&lang=ja&pick=name").await;
            assert_eq!(japanese.json(), json!({"name": {"type": "Property", "values": [["広場", time]]}}));
            let spelled = retrieve(&broker, "urn:x:1", "lang=en&pick=name").await.json();
            assert_eq!((&spelled["name"][0]["value"], &spelled["name"][0]["lang"]), (&json!("Square"), &json!("en")));
        }
    });
}

#[test]
fn series_are_aggregated_by_period() {
    run(async {
        for broker in Broker::every().await {
            sensor(&broker, 1).await;
            let body = json!({
                "id": "urn:x:mixed", "type": "Mixed",
                "text": [measured("b", 1), measured("a", 2)], "array": [measured(json!([1, 2]), 1), measured(json!([]), 2)],
                "truth": [measured(true, 1), measured(false, 2)], "thing": [measured(json!({"a": 1}), 1)],
                "day": [measured("2026-01-02", 1), measured("2025-01-02", 2)],
                "clock": [measured("10:00:00Z", 1), measured("12:00:00Z", 2)],
                "link": [{"type": "Relationship", "object": ["urn:x:1", "urn:x:2"], "observedAt": at(1)},
                         {"type": "Relationship", "object": "urn:x:1", "observedAt": at(2)}]
            });
            assert_eq!(broker.post(TEMPORAL, &body).send().await.status, 201);
            let aggregate =
                async |id: &str, query: &str| retrieve(&broker, id, &format!("format=aggregatedValues&{query}")).await;
            let all = aggregate(
                "urn:x:sensor:1",
                "aggrMethods=totalCount,distinctCount,sum,avg,min,max,sumsq,stddev&pick=temperature",
            )
            .await
            .json();
            let whole = |value: Value| json!([[value, at(1), at(6)]]);
            assert_eq!(
                all["temperature"],
                json!({
                    "type": "Property", "totalCount": whole(6.into()), "distinctCount": whole(6.into()), "sum": whole(21.into()),
                    "avg": whole(3.5.into()), "min": whole(1.into()), "max": whole(6.into()), "sumsq": whole(91.into()),
                    "stddev": whole(json!(1.707_825_127_659_933_f64))
                })
            );
            let periods =
                format!("aggrMethods=max&aggrPeriodDuration=PT2S&timerel=after&timeAt={}&attrs=temperature", at(0));
            assert_eq!(
                aggregate("urn:x:sensor:1", &periods).await.json()["temperature"]["max"],
                json!([[1, at(0), at(2)], [3, at(2), at(4)], [5, at(4), at(6)], [6, at(6), at(8)]])
            );
            let gap = format!(
                "aggrMethods=totalCount&aggrPeriodDuration=PT1S&timerel=between&timeAt={}&endTimeAt={}&attrs=humidity",
                at(0),
                at(9)
            );
            assert_eq!(
                aggregate("urn:x:sensor:1", &gap).await.json()["humidity"]["totalCount"],
                json!([[1, at(3), at(4)]])
            );
            let mixed = aggregate("urn:x:mixed", "aggrMethods=min,max,avg,sum,distinctCount").await.json();
            for (attribute, method, result) in [
                ("text", "min", json!("a")),
                ("text", "max", json!("b")),
                ("text", "sum", Value::Null),
                ("array", "max", json!(2)),
                ("array", "avg", json!(1)),
                ("truth", "sum", json!(1)),
                ("truth", "avg", json!(0.5)),
                ("thing", "min", Value::Null),
                ("thing", "distinctCount", json!(1)),
                ("day", "min", json!("2025-01-02")),
                ("day", "avg", Value::Null),
                ("clock", "avg", json!("11:00:00Z")),
                ("clock", "sum", Value::Null),
                ("link", "distinctCount", json!(2)),
                ("link", "max", Value::Null),
            ] {
                assert_eq!(mixed[attribute][method][0][0], result, "{attribute} {method}: {mixed}");
            }
            let unfit = aggregate("urn:x:mixed", "aggrMethods=sum&pick=text").await;
            assert_eq!((unfit.status, unfit.error()), (400, "InvalidRequest".to_owned()));
        }
    });
}

#[test]
fn queries_are_about_what_was_so_in_the_interval() {
    run(async {
        for broker in Broker::every().await {
            for n in 1..=3 {
                sensor(&broker, n).await;
            }
            assert_eq!(broker.ask(Method::DELETE, "/ngsi-ld/v1/entities/urn:x:sensor:2").send().await.status, 204);
            let all = format!("timerel=after&timeAt={}", at(0));
            let early = format!("timerel=before&timeAt={}", at(3));
            for (query, found) in [
                (format!("type=Sensor&{all}"), vec![1, 3, 2]),
                (format!("type=Sensor&{all}&local=true&orderBy=id"), vec![1, 2, 3]),
                (format!("type=Sensor&{all}&local=true&orderBy=id;desc"), vec![3, 2, 1]),
                (format!("type=Other&{all}"), vec![]),
                (format!("type=Sensor&timerel=before&timeAt={}", at(1)), vec![]),
                (format!("type=Sensor&{all}&id=urn:x:sensor:2"), vec![2]),
                (format!("type=Sensor&{all}&idPattern=[12]$"), vec![1, 2]),
                (format!("attrs=humidity&{early}"), vec![]),
                (format!("attrs=humidity&{all}"), vec![1, 3, 2]),
                (format!("type=Sensor&q={}&{all}", encode("temperature>25")), vec![3]),
                (format!("type=Sensor&q={}&{early}&pick=id,temperature", encode("temperature==2")), vec![1]),
                (format!("type=Sensor&q={}&{early}", encode("temperature==5")), vec![]),
                (format!("type=Sensor&q={}&{all}&pick=id,humidity", encode("temperature==15")), vec![2]),
                (
                    format!(
                        "type=Sensor&georel={}&geometry=Point&coordinates=[2,10]&{all}",
                        encode("near;maxDistance==1000")
                    ),
                    vec![2],
                ),
                (
                    format!(
                        "type=Sensor&georel={}&geometry=Point&coordinates=[2,10]&{early}",
                        encode("near;maxDistance==1000")
                    ),
                    vec![],
                ),
                // Which datasets are shown chooses no entities.
                (format!("type=Sensor&{all}&datasetId=urn:d:none"), vec![1, 3, 2]),
                (format!("type=Sensor&q=temperature&{all}&datasetId=urn:d:none"), vec![1, 3, 2]),
                (format!("type=Sensor&{all}&pick=id"), vec![1, 3, 2]),
                (format!("type=Sensor&{all}&pick=id,type&omit=temperature,location&lastN=1"), vec![1, 3, 2]),
                (format!("type=Sensor&{early}&pick=id&omit=temperature,location"), vec![]),
                (format!("type=Sensor&q={}&{all}&pick=id", encode("temperature==15")), vec![2]),
                (format!("attrs=humidity&{early}&datasetId=urn:d:none"), vec![]),
                (format!("type=*&{all}&limit=2"), vec![1, 3]),
                (format!("type=*&{all}&limit=2&offset=2"), vec![2]),
            ] {
                let answer = broker.get(&format!("{TEMPORAL}?{query}")).send().await;
                let found: Vec<String> = found.iter().map(|n| format!("urn:x:sensor:{n}")).collect();
                assert_eq!(ids(&answer), found, "{query} on {}", broker.kind);
            }
            let counted = broker.get(&format!("{TEMPORAL}?type=Sensor&{all}&limit=1&count=true")).send().await;
            assert_eq!(counted.header("ngsild-results-count"), Some("3"));
            assert!(counted.headers("link").contains("rel=\"next\""));
            let body = json!({
                "type": "Query", "entities": [{"type": "Sensor"}], "q": "temperature>25", "pick": ["id", "temperature"],
                "temporalQ": {"timerel": "between", "timeAt": at(5), "endTimeAt": at(9), "lastN": 1}
            });
            let answer = broker.post("/ngsi-ld/v1/temporal/entityOperations/query", &body).send().await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.json()[0]["temperature"][0]["value"], 26);
            let body = json!({
                "type": "Query", "entities": [{"type": "Sensor", "id": "urn:x:sensor:1"}], "attrs": ["temperature"],
                "temporalQ": {"timerel": "after", "timeAt": at(0)},
                "aggrParams": {"aggrMethods": ["max"], "aggrPeriodDuration": "PT1M"}
            });
            let path = "/ngsi-ld/v1/temporal/entityOperations/query?format=aggregatedValues";
            let answer = broker.post(path, &body).send().await;
            assert_eq!(answer.json()[0]["temperature"]["max"], json!([[6, at(0), "2026-04-01T00:01:00Z"]]));
        }
    });
}

#[test]
fn a_scope_counts_while_it_is_valid() {
    run(async {
        for broker in Broker::every().await {
            let scope = |path: &str, second| json!({"type": "Property", "value": path, "observedAt": at(second)});
            let body = json!({
                "id": "urn:x:1", "type": "T", "scope": [scope("/a", 2), scope("/b", 4)],
                "n": (1..=6).map(|n| measured(n, n)).collect::<Vec<_>>()
            });
            assert_eq!(broker.post(TEMPORAL, &body).send().await.status, 201);
            for (query, shown) in [
                (format!("scopeQ=/a&timerel=after&timeAt={}", at(0)), vec![2, 3]),
                (format!("scopeQ=/b&timerel=after&timeAt={}", at(5)), vec![5, 6]),
                (format!("scopeQ=/a&timerel=after&timeAt={}", at(4)), vec![]),
                (format!("scopeQ={}&timerel=before&timeAt={}", encode("/#"), at(3)), vec![2]),
            ] {
                let answer = broker.get(&format!("{TEMPORAL}?type=T&pick=n&{query}")).send().await;
                let first = answer.json()[0]["n"].clone();
                let found: Vec<i64> = first
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|instance| instance["value"].as_i64().unwrap())
                    .collect();
                assert_eq!(found, shown, "{query}");
            }
        }
    });
}

#[test]
fn what_is_wrong_is_told() {
    run(async {
        for broker in Broker::every().await {
            sensor(&broker, 1).await;
            let one = format!("{TEMPORAL}/urn:x:sensor:1");
            for (method, path, body, status, error) in [
                ("GET", format!("{TEMPORAL}/urn:x:none"), None, 404, "ResourceNotFound"),
                ("GET", format!("{TEMPORAL}/none"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?timerel=after"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?timeAt={}", at(1)), None, 400, "BadRequestData"),
                ("GET", format!("{one}?timerel=between&timeAt={}", at(1)), None, 400, "BadRequestData"),
                ("GET", format!("{one}?timeproperty=elsewhen"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?lastN=0"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?lastN=x"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?pick=a%7Bb%7D"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?format=aggregatedValues"), None, 400, "BadRequestData"),
                ("GET", format!("{one}?format=aggregatedValues&aggrMethods=mode"), None, 400, "BadRequestData"),
                (
                    "GET",
                    format!("{one}?format=aggregatedValues&aggrMethods=max&aggrPeriodDuration=1h"),
                    None,
                    400,
                    "BadRequestData",
                ),
                (
                    "GET",
                    format!("{one}?options=temporalValues,aggregatedValues&aggrMethods=max"),
                    None,
                    400,
                    "InvalidRequest",
                ),
                ("GET", format!("{one}?format=concise"), None, 400, "InvalidRequest"),
                ("GET", format!("{one}?join=flat"), None, 400, "InvalidRequest"),
                ("GET", format!("{TEMPORAL}?type=Sensor"), None, 400, "BadRequestData"),
                ("GET", format!("{TEMPORAL}?timerel=after&timeAt={}", at(1)), None, 400, "BadRequestData"),
                (
                    "GET",
                    format!("{TEMPORAL}?type=Sensor&timerel=after&timeAt={}&orderBy=id", at(1)),
                    None,
                    400,
                    "BadRequestData",
                ),
                (
                    "GET",
                    format!("{TEMPORAL}?type=Sensor&timerel=after&timeAt={}&local=true&orderBy=temperature", at(1)),
                    None,
                    400,
                    "BadRequestData",
                ),
                ("POST", TEMPORAL.to_owned(), Some(json!({"type": "T"})), 400, "BadRequestData"),
                ("POST", TEMPORAL.to_owned(), Some(json!({"id": "urn:x:2"})), 400, "BadRequestData"),
                (
                    "POST",
                    TEMPORAL.to_owned(),
                    Some(json!({"id": "urn:x:2", "type": "T", "a": "urn:ngsi-ld:null"})),
                    400,
                    "BadRequestData",
                ),
                ("POST", format!("{one}/attrs"), Some(json!({})), 400, "BadRequestData"),
                ("POST", format!("{one}/attrs"), Some(json!({"id": "urn:x:2", "a": 1})), 400, "BadRequestData"),
                ("POST", format!("{TEMPORAL}/urn:x:none/attrs"), Some(json!({"a": 1})), 404, "ResourceNotFound"),
                ("DELETE", format!("{TEMPORAL}/urn:x:none"), None, 404, "ResourceNotFound"),
                ("DELETE", format!("{one}/attrs/none"), None, 404, "ResourceNotFound"),
                ("DELETE", format!("{one}/attrs/a-b"), None, 400, "BadRequestData"),
                ("DELETE", format!("{one}/attrs/temperature?datasetId=none"), None, 400, "BadRequestData"),
                (
                    "PATCH",
                    format!("{one}/attrs/temperature/urn:x:1"),
                    Some(json!({"temperature": [1]})),
                    404,
                    "ResourceNotFound",
                ),
                (
                    "PATCH",
                    format!("{one}/attrs/temperature/none"),
                    Some(json!({"temperature": [1]})),
                    400,
                    "BadRequestData",
                ),
                (
                    "PATCH",
                    format!("{one}/attrs/temperature/urn:x:1"),
                    Some(json!({"humidity": 1})),
                    400,
                    "BadRequestData",
                ),
                (
                    "DELETE",
                    format!("{one}/attrs/temperature/urn:ngsi-ld:Instance:999-1"),
                    None,
                    404,
                    "ResourceNotFound",
                ),
                (
                    "POST",
                    "/ngsi-ld/v1/temporal/entityOperations/query".to_owned(),
                    Some(json!({"type": "Query", "entities": [{"type": "Sensor"}]})),
                    400,
                    "BadRequestData",
                ),
            ] {
                let asking = broker.ask(method.parse().unwrap(), &path);
                let asking = if let Some(body) = &body { asking.body(body) } else { asking };
                let answer = asking.send().await;
                assert_eq!(
                    (answer.status, answer.error()),
                    (status, error.to_owned()),
                    "{method} {path} {body:?}: {}",
                    answer.text
                );
            }
            let geo = broker.get(&one).header("accept", "application/geo+json").send().await;
            assert_eq!(geo.status, 406);
        }
    });
}

#[test]
fn what_is_told_of_the_gone_does_not_move_their_end() {
    run(async {
        for broker in Broker::every().await {
            sensor(&broker, 1).await;
            assert_eq!(broker.ask(Method::DELETE, "/ngsi-ld/v1/entities/urn:x:sensor:1").send().await.status, 204);
            let end =
                async || retrieve(&broker, "urn:x:sensor:1", "options=sysAttrs").await.json()["deletedAt"].clone();
            let before = end().await;
            assert!(before.is_string());
            let attributes = format!("{TEMPORAL}/urn:x:sensor:1/attrs");
            let told = broker.post(&attributes, &json!({"temperature": measured(9, 9)})).send().await;
            assert_eq!(told.status, 204);
            assert_eq!(end().await, before);
            let query = format!("{TEMPORAL}?type=Sensor&timerel=after&timeAt={}&options=sysAttrs", at(0));
            assert_eq!(broker.get(&query).send().await.json()[0]["deletedAt"], before);
        }
    });
}

#[test]
fn history_can_end_with_its_entity() {
    run(async {
        for broker in Broker::every_with(&["--history-ends-with-entity"]).await {
            sensor(&broker, 1).await;
            sensor(&broker, 2).await;
            assert_eq!(broker.ask(Method::DELETE, "/ngsi-ld/v1/entities/urn:x:sensor:1").send().await.status, 204);
            assert_eq!(retrieve(&broker, "urn:x:sensor:1", "").await.status, 404);
            assert_eq!(broker.ask(Method::DELETE, &format!("{TEMPORAL}/urn:x:sensor:2")).send().await.status, 204);
            assert_eq!(broker.get("/ngsi-ld/v1/entities/urn:x:sensor:2").send().await.status, 404);
        }
    });
}
