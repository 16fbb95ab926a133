//! Questions about places and words, by the index and without it.

use std::time::{Duration, Instant};

use hiroba_benches::client::Connection;
use hiroba_benches::{EXTENT, ORIGIN, id};

use crate::Arguments;
use crate::ask::{json, query};
use crate::pair::Pair;

/// How often each question is asked: the median is told.
const TIMES: usize = 9;

const PREFIXES: &str = "PREFIX geo: <http://www.opengis.net/ont/geosparql#> \
    PREFIX geof: <http://www.opengis.net/def/function/geosparql/> PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/> \
    PREFIX text: <http://jena.apache.org/text#> PREFIX schema: <https://schema.org/> \
    PREFIX hiroba: <https://w3id.org/hiroba/vocab/>";

pub(crate) async fn run(arguments: &Arguments) {
    let entities = arguments.entities.unwrap_or(hiroba_benches::CITY);
    let mut pair = Pair::new(arguments, entities).await;
    pair.start(&[]);
    pair.caught_up().await;
    pair.settled().await;
    let mut connection = pair.ask().await;
    for question in questions(entities) {
        let (rows, with, used) = median(&pair, &mut connection, &question.indexed, TIMES).await;
        print!("  {:<36} {rows:>6} rows   {with:>8.2?}, {used:>8.2?} on processors", question.what);
        match question.scanned {
            Some(scanned) => {
                let (same, without, _) = median(&pair, &mut connection, &scanned, 1).await;
                assert_eq!(rows, same, "{}", question.what);
                println!("   without the index {without:.2?}: {:.0} times", without.as_secs_f64() / with.as_secs_f64());
            }
            None => println!(),
        }
    }
}

struct Question {
    what: &'static str,
    indexed: String,
    /// Means the same, in words that the index does not understand. `None` where that would take minutes.
    scanned: Option<String>,
}

fn questions(entities: usize) -> Vec<Question> {
    let middle = [ORIGIN[0] + EXTENT[0] / 2.0, ORIGIN[1] + EXTENT[1] / 2.0];
    let [west, south, east, north] = [middle[0] - 0.011, middle[1] - 0.009, middle[0] + 0.011, middle[1] + 0.009];
    let point = format!("'POINT({} {})'^^geo:wktLiteral", middle[0], middle[1]);
    let area = format!(
        "'POLYGON(({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))'^^geo:wktLiteral"
    );
    // Entity 1, 6, 11, … is an evacuation site.
    let shelter = id(entities / 2 / hiroba_benches::AED_EVERY * hiroba_benches::AED_EVERY + 1);
    let aed = "?aed a hiroba:AED ; geo:hasDefaultGeometry/geo:asWKT ?there .";
    let site = "?site a hiroba:EvacuationSite ; geo:hasDefaultGeometry/geo:asWKT ?here .";
    let some = format!("{{ SELECT ?site ?here {{ {site} }} LIMIT 500 }}");
    let near = "FILTER(geof:distance(?here, ?there, uom:metre) <= 300)";
    let scanned_near = "FILTER(geof:distance(?here, ?there, uom:metre) + 0 <= 300)";
    let question = |what, indexed: String, scanned: Option<String>| Question {
        what,
        indexed: format!("{PREFIXES} {indexed}"),
        scanned: scanned.map(|scanned| format!("{PREFIXES} {scanned}")),
    };
    let of_point = |filter: &str| format!("SELECT ?aed {{ {aed} BIND({point} AS ?here) {filter} }}");
    let of_shelter = |filter: &str| format!("SELECT ?aed {{ VALUES ?site {{ <{shelter}> }} {site} {aed} {filter} }}");
    let within = |function: &str| format!("SELECT ?aed {{ {aed} FILTER({function}) }}");
    vec![
        question("AEDs within 300 m of a point", of_point(near), Some(of_point(scanned_near))),
        question("AEDs within 300 m of a shelter", of_shelter(near), Some(of_shelter(scanned_near))),
        question(
            "AEDs within 2 × 2 km",
            within(&format!("geof:sfWithin(?there, {area})")),
            Some(within(&format!("geof:sfWithin(?there, {area}) = true"))),
        ),
        question("AEDs within 300 m of 500 shelters", format!("SELECT ?site ?aed {{ {some} {aed} {near} }}"), None),
        question(
            "the same, counted for each shelter",
            format!("SELECT ?site (COUNT(?aed) AS ?aeds) {{ {some} {aed} {near} }} GROUP BY ?site"),
            None,
        ),
        question(
            "what has words in its name",
            "SELECT ?e { ?e text:query (schema:name '会館 400') }".to_owned(),
            Some("SELECT DISTINCT ?e { ?e schema:name ?name FILTER(REGEX(STR(?name), '[^0-9]400会館')) }".to_owned()),
        ),
    ]
}

/// How many rows there are, how long that took in the median, and for how long the sidecar ran on processors.
async fn median(pair: &Pair, connection: &mut Connection, text: &str, times: usize) -> (usize, Duration, Duration) {
    let (mut rows, mut waits, mut works) = (0, Vec::new(), Vec::new());
    for _ in 0..times {
        let (started, before) = (Instant::now(), pair.sidecar.as_ref().unwrap().processor_time());
        let answer = connection.send(&query("/sparql", text)).await;
        waits.push(started.elapsed());
        works.push(pair.sidecar.as_ref().unwrap().processor_time() - before);
        rows = json(&answer)["results"]["bindings"].as_array().unwrap().len();
    }
    waits.sort();
    works.sort();
    (rows, waits[times / 2], works[times / 2])
}
