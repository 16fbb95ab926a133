//! `q`: text and tree, and what conditions mean (4.9).

use ngsild::ErrorKind;
use ngsild::jsonld::Context;
use ngsild::query::filter::Expansions;
use ngsild::query::q::{AttributePath, Brackets, LinkedPath, Literal, OrderOperator, Term, Test};
use ngsild::query::{EntitySelector, Q, Query, TypeAlternatives, matches};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;

use crate::{at, entity};

fn subject() -> ngsild::Entity {
    entity(json!({
        "id": "urn:x:1", "type": ["Vehicle", "Car"], "scope": ["/a/b"],
        "speed": [{"value": 80, "unitCode": "KMH", "observedAt": "2020-06-01T00:00:00Z"}, {"value": 20, "datasetId": "urn:d"}],
        "brand": "Mercedes",
        "tags": ["red", "fast", 3],
        "ok": true,
        "built": {"value": {"@type": "Date", "@value": "2019-05-01"}},
        "seen": "2020-01-01T10:00:00Z",
        "opens": "09:00:00Z",
        "address": {"city": "高松市", "geo": {"lat": 34.3}},
        "speedLimit": {"value": 100, "source": {"value": "sign", "accuracy": 0.9}},
        "label": {"languageMap": {"en": "Car", "fr": ["Voiture", "Auto"]}},
        "gender": {"vocab": "Male"},
        "colours": {"vocab": ["Red", "Blue"]},
        "stages": {"valueList": ["sow", "grow"]},
        "empty": {"valueList": []},
        "raw": {"json": {"deep": {"n": 5}}},
        "parkedAt": {"object": "urn:x:p1"},
        "owners": {"object": ["urn:x:o1", "urn:x:o2"]},
        "tour": {"objectList": ["urn:x:s1", "urn:x:s2"]}
    }))
}

fn evaluate(q: &str, expand_values: &[&str]) -> bool {
    let expansions = Expansions { values: expand_values.iter().map(ToString::to_string).collect() };
    let filter = q.parse::<Q>().unwrap_or_else(|e| panic!("{q}: {e}")).resolve(&Context::core(), &expansions).unwrap();
    matches(&Query { filter: Some(filter), ..Query::default() }, &subject(), at(0))
}

#[test]
fn conditions_mean_what_the_standard_says() {
    for (q, expected) in [
        ("speed", true),
        ("missing", false),
        ("speed==80", true),
        ("speed==20", true),
        ("speed==81", false),
        ("speed>50", true),
        ("speed>=80", true),
        ("speed<20", false),
        ("speed!=80", false),
        ("speed!=81", true),
        ("missing!=1", false),
        ("speed==10..30", true),
        ("speed==81..99", false),
        ("speed!=81..99", true),
        ("speed==1,2,80", true),
        ("speed!=1,2", true),
        ("speed==\"80\"", false),
        ("speed!=\"80\"", true),
        ("speed>\"1\"", false),
        ("brand==\"Mercedes\"", true),
        ("brand==Mercedes", true),
        ("brand!=Mercedes", false),
        ("brand==Audi,Mercedes", true),
        ("brand>\"Audi\"", true),
        ("brand~=\"^Merc\"", true),
        ("brand~=^Merc.*s$", true),
        ("brand!~=^Audi", true),
        ("speed~=8", false),
        ("speed!~=8", false),
        ("tags==\"fast\"", true),
        ("tags==3", true),
        ("tags!=\"fast\"", false),
        ("tags!=\"slow\"", true),
        ("tags==1..5", true),
        ("ok==true", true),
        ("ok==false", false),
        ("ok==\"true\"", false),
        ("built==2019-05-01", true),
        ("built>2019-01-01", true),
        ("seen==2020-01-01T10:00:00.000Z", true),
        ("seen>=2020-01-01T09:00:00Z", true),
        ("seen==2020-01-01T00:00:00Z..2020-01-02T00:00:00Z", true),
        ("seen>2020-01-01", false),
        ("opens<10:00:00Z", true),
        ("address[city]==高松市", true),
        ("address[city]==\"高松市\"", true),
        ("address[geo.lat]>34", true),
        ("address[zip]", false),
        ("address[zip]!=1", false),
        ("speedLimit.source==\"sign\"", true),
        ("speedLimit.source.accuracy>0.5", true),
        ("speedLimit.missing", false),
        ("speed.observedAt>2020-01-01T00:00:00Z", true),
        ("speed.unitCode==\"KMH\"", true),
        ("speed.datasetId==urn:d", true),
        ("label==\"Car\"", true),
        ("label[en]==\"Car\"", true),
        ("label[fr]==\"Car\"", false),
        ("label[fr]==\"Auto\"", true),
        ("label[*]==\"Voiture\"", true),
        ("label[*]!=\"Auto\"", false),
        ("label[fr]!=\"Car\"", true),
        ("label[de]", false),
        ("gender==Male", false),
        ("gender==https://uri.etsi.org/ngsi-ld/default-context/Male", true),
        ("stages==\"grow\"", true),
        ("empty", true),
        ("empty==1", false),
        ("empty!=1", true),
        ("raw[deep.n]==5", true),
        ("parkedAt==urn:x:p1", true),
        ("parkedAt==\"urn:x:p1\"", true),
        ("parkedAt!=urn:x:p2", true),
        ("parkedAt>urn:x:p0", false),
        ("owners==urn:x:o2", true),
        ("owners!=urn:x:o2", false),
        ("tour==urn:x:s1,urn:x:s9", true),
        ("createdAt>2000-01-01T00:00:00Z", true),
        ("modifiedAt<2000-01-01T00:00:00Z", false),
        ("speed>50;brand==Mercedes", true),
        ("speed>500;brand==Mercedes", false),
        ("speed>500|brand==Mercedes", true),
        ("speed>500|brand==Mercedes;ok==false", false),
        ("(speed>500|brand==Mercedes);ok==true", true),
        ("((speed>500|brand==Mercedes);(ok==true|missing))", true),
    ] {
        assert_eq!(evaluate(q, &[]), expected, "{q}");
    }
    assert!(evaluate("gender==Male", &["gender"]));
    assert!(evaluate("colours==Green,Blue", &["colours"]));
    assert!(!evaluate("colours!=\"Red\"", &["colours"]));
}

#[test]
fn errors_say_where() {
    for (q, place) in [
        ("", "q, character 1"),
        ("speed==", "q, character 8"),
        ("speed>5;", "q, character 9"),
        ("(speed>5", "q, character 9"),
        ("speed>5)", "q, character 8"),
        ("速度>5;=3", "q, character 6"),
        ("a==\"open", "q, character 4"),
        ("a[b", "q, character 4"),
        ("a{b", "q, character 4"),
        ("a{B,C}", "q, character 6"),
        ("a{}", "q, character 3"),
        ("a.b{c}", "q, character 4"),
        ("a[b]{c}", "q, character 5"),
        ("a{T:b.c{d}}", "q, character 8"),
        ("!a", "q, character 1"),
    ] {
        let error = q.parse::<Q>().unwrap_err();
        assert_eq!((error.kind, error.at.as_deref()), (ErrorKind::BadRequestData, Some(place)), "{q}: {error}");
    }
    let wide = vec!["a"; 501].join(";");
    let deep = "(".repeat(40) + "a" + &")".repeat(40);
    let long = vec!["a"; 40].join(".");
    for q in [wide, deep, long] {
        assert_eq!(q.parse::<Q>().unwrap_err().kind, ErrorKind::TooComplexQuery);
    }
    let linked: Q = "a{T:b}==1".parse().unwrap();
    assert_eq!(linked.link_depth(), 1);
    assert!(linked.resolve(&Context::core(), &Expansions::default()).is_err(), "needs join");
    for (q, levels, allowed) in [
        ("a==1", 0, true),
        ("a{b}", 0, false),
        ("a{b}", 1, true),
        ("a{b{c}}", 1, false),
        ("a{T:b{U,V:c}}~=x", 2, true),
        ("a{createdAt}>2020-01-01T00:00:00Z", 1, true),
        ("createdAt{a}", 1, false),
        ("observedAt{a}", 1, false),
    ] {
        let resolved = q.parse::<Q>().unwrap().resolve_linked(&Context::core(), &Expansions::default(), levels);
        assert_eq!(resolved.is_ok(), allowed, "{q} at {levels} levels");
        let at = resolved.err().and_then(|error| error.at);
        assert!(allowed || at.as_deref() == Some("q"), "{q}");
    }
}

#[test]
fn the_parts_of_a_query_are_a_conjunction() {
    let name = |text: &str| Context::core().expand(text).unwrap();
    let typed = |text: &str| EntitySelector { types: Some(TypeAlternatives::single(name(text))), ..Default::default() };
    let query = |selectors: Vec<EntitySelector>, attributes: &[&str], scope: Option<&str>| Query {
        selectors,
        attributes: attributes.iter().map(|text| name(text)).collect(),
        scope: scope.map(|text| text.parse().unwrap()),
        ..Query::default()
    };
    for (why, query, expected) in [
        ("everything", Query::default(), true),
        ("type", query(vec![typed("Car")], &[], None), true),
        ("other type", query(vec![typed("Bus")], &[], None), false),
        ("one of two selectors", query(vec![typed("Bus"), typed("Car")], &[], None), true),
        ("one of the attributes", query(vec![], &["missing", "brand"], None), true),
        ("none of the attributes", query(vec![], &["missing"], None), false),
        ("scope", query(vec![], &[], Some("/a/#")), true),
        ("type and other scope", query(vec![typed("Car")], &[], Some("/b")), false),
    ] {
        assert_eq!(matches(&query, &subject(), at(0)), expected, "{why}");
    }
    assert!(Query::default().check_not_too_wide().is_err());
    assert!(query(vec![typed("Car")], &[], None).check_not_too_wide().is_ok());
    assert!(query(vec![EntitySelector::default()], &[], Some("/a")).check_not_too_wide().is_err());
}

#[test]
fn what_has_expired_is_not_there() {
    let mut subject = subject();
    let now = at(100);
    let q = |text: &str| {
        let filter = text.parse::<Q>().unwrap().resolve(&Context::core(), &Expansions::default()).unwrap();
        Query { filter: Some(filter), ..Query::default() }
    };
    let brand = Context::core().expand("brand").unwrap();
    subject.attributes[&brand][0].expires_at = Some(at(100));
    assert!(!matches(&q("brand"), &subject, now));
    assert!(matches(&q("brand"), &subject, at(99)));
    subject.expires_at = Some(at(50));
    assert!(!matches(&Query::default(), &subject, now));
}

fn name_text() -> impl Strategy<Value = String> {
    "[a-z日][a-z0-9_]{0,4}"
}

fn path() -> impl Strategy<Value = AttributePath> {
    let brackets = option::of(prop_oneof![
        Just(Brackets::AnyLanguage),
        vec("[a-z]{1,3}(-[A-Z]{2})?", 1..3).prop_map(Brackets::Path)
    ]);
    let leaf = (vec(name_text(), 1..3), brackets).prop_map(|(names, brackets)| AttributePath {
        names,
        brackets,
        linked: None,
    });
    leaf.prop_recursive(2, 4, 1, |inner| {
        (vec(name_text(), 1..2), vec(name_text(), 0..3), inner).prop_map(|(names, types, path)| AttributePath {
            names,
            brackets: None,
            linked: Some(Box::new(LinkedPath { types, path })),
        })
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        (-1e6..1e6_f64).prop_map(|n| Literal::Number(n.to_string())),
        ".{0,8}".prop_map(Literal::Text),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::DateTime("2020-01-01T00:00:00Z".to_owned())),
        Just(Literal::Date("2020-01-01".to_owned())),
        Just(Literal::Time("10:00:00Z".to_owned())),
        "urn:[a-z]{1,5}:[a-z.]{1,5}".prop_map(Literal::Word),
    ]
}

fn ranged() -> impl Strategy<Value = Literal> {
    literal().prop_filter("no bare words", |literal| !matches!(literal, Literal::Word(_)))
}

fn test() -> impl Strategy<Value = Test> {
    let operator = prop_oneof![
        Just(OrderOperator::Greater),
        Just(OrderOperator::GreaterOrEqual),
        Just(OrderOperator::Less),
        Just(OrderOperator::LessOrEqual)
    ];
    prop_oneof![
        Just(Test::Exists),
        (any::<bool>(), vec(literal(), 1..4)).prop_map(|(negated, values)| Test::Equality { negated, values }),
        (any::<bool>(), ranged(), ranged()).prop_map(|(negated, from, to)| Test::Range { negated, from, to }),
        (operator, literal()).prop_map(|(operator, literal)| Test::Order(operator, literal)),
        (any::<bool>(), ".{0,8}").prop_map(|(negated, pattern)| Test::Pattern { negated, pattern }),
    ]
}

fn arbitrary_q() -> impl Strategy<Value = Q> {
    let leaf = (path(), test()).prop_map(|(path, test)| Q::Term(Box::new(Term { path, test })));
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![vec(inner.clone(), 2..4).prop_map(Q::And), vec(inner, 2..4).prop_map(Q::Or)]
    })
}

proptest! {
    #[test]
    fn a_tree_is_written_as_text_that_reads_as_the_tree(q in arbitrary_q()) {
        prop_assert_eq!(q.to_string().parse::<Q>(), Ok(q.clone()), "{}", q);
    }

    #[test]
    fn no_text_panics_and_errors_point_inside(text in "[a-c(){}\\[\\].,;|=!~<>\"\\\\日0-9 *:-]{0,30}") {
        match text.parse::<Q>() {
            Ok(q) => prop_assert_eq!(q.to_string().parse::<Q>(), Ok(q)),
            Err(error) => {
                let at = error.at.unwrap();
                let character: usize = at.strip_prefix("q, character ").unwrap().parse().unwrap();
                prop_assert!((1..=text.chars().count() + 1).contains(&character));
            }
        }
    }

    #[test]
    fn negation_is_the_rest_of_what_exists(value in -3..3_i64) {
        let equal = evaluate(&format!("speed=={value}"), &[]);
        let unequal = evaluate(&format!("speed!={value}"), &[]);
        prop_assert!(equal != unequal);
    }
}
