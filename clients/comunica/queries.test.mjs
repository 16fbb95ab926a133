// What people do with Comunica, against the demo. HIROBA_DEMO_URL says where it is.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { QueryEngine } from "@comunica/query-sparql";

const base = process.env.HIROBA_DEMO_URL;
const endpoint = `${base}/sparql`;
const engine = new QueryEngine();
const PREFIXES = `PREFIX schema: <https://schema.org/>
PREFIX geo: <http://www.opengis.net/ont/geosparql#>
PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
PREFIX wgs84: <http://www.w3.org/2003/01/geo/wgs84_pos#>
PREFIX hiroba: <https://w3id.org/hiroba/vocab/>
`;
const HALL = '"POINT(139.06278 36.393026)"^^geo:wktLiteral';
const NAMED = '?site a hiroba:EvacuationSite ; schema:name ?name FILTER(LANG(?name) = "ja")';
const DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/";
const SITES = "?site a hiroba:EvacuationSite ; geo:hasDefaultGeometry/geo:asWKT ?place .";

/** The rows of a SELECT, as objects of texts. */
async function select(query, sources = [endpoint]) {
  const bindings = await (await engine.queryBindings(PREFIXES + query, { sources })).toArray();
  return bindings.map((row) => Object.fromEntries([...row].map(([variable, term]) => [variable.value, term.value])));
}

/** Sites within a kilometre, as the endpoint alone says. */
async function expected() {
  const query = `SELECT ?site { ${SITES} FILTER(geof:distance(?place, ${HALL}, uom:metre) <= 1000) }`;
  const answer = await fetch(endpoint, { method: "POST", headers: { "content-type": "application/sparql-query" }, body: PREFIXES + query });
  const { results } = await answer.json();
  assert.ok(results.bindings.length > 1 && results.bindings.length < 47);
  return results.bindings.map(({ site }) => site.value).sort();
}

/** A Turtle file on another server. */
async function elsewhere(t, turtle) {
  const server = createServer((_, answer) => answer.setHeader("content-type", "text/turtle").end(turtle));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/notes.ttl`;
}

test("the address alone is enough: Comunica finds that it is a SPARQL endpoint", async () => {
  assert.equal((await select("SELECT ?site { ?site a hiroba:EvacuationSite }")).length, 47);
  const typed = [{ type: "sparql", value: endpoint }];
  assert.equal((await select("SELECT ?site { ?site a hiroba:EvacuationSite }", typed)).length, 47);
});

test("a distance is left to the endpoint", async () => {
  const found = await select(`SELECT ?site ?metres { ${SITES}
    BIND(geof:distance(?place, ${HALL}, uom:metre) AS ?metres) FILTER(?metres <= 1000) } ORDER BY ?metres`);
  assert.deepEqual(found.map(({ site }) => site).sort(), await expected());
  assert.ok(found.every(({ metres }, n) => n === 0 || Number(metres) >= Number(found[n - 1].metres)));
});

test("an area is left to the endpoint", async () => {
  const area = '"POLYGON((139.05 36.38, 139.07 36.38, 139.07 36.40, 139.05 36.40, 139.05 36.38))"^^geo:wktLiteral';
  const within = await select(`SELECT ?site { ${SITES} FILTER(geof:sfWithin(?place, ${area})) }`);
  const box = await select(`SELECT ?site { ?site a hiroba:EvacuationSite ; geo:hasDefaultGeometry [ wgs84:lat ?lat ; wgs84:long ?long ] .
    FILTER(?lat > 36.38 && ?lat < 36.40 && ?long > 139.05 && ?long < 139.07) }`);
  assert.ok(within.length > 0 && within.length < 47);
  assert.deepEqual(within.map(({ site }) => site).sort(), box.map(({ site }) => site).sort());
});

test("ASK, CONSTRUCT and DESCRIBE", async () => {
  const context = { sources: [endpoint] };
  assert.equal(await engine.queryBoolean(`${PREFIXES} ASK { ?site a hiroba:EvacuationSite }`, context), true);
  assert.equal(await engine.queryBoolean(`${PREFIXES} ASK { ?site a hiroba:Dragon }`, context), false);
  const made = await engine.queryQuads(`${PREFIXES} CONSTRUCT { ?s a schema:Place } WHERE { ?s a hiroba:EvacuationSite }`, context);
  assert.equal((await made.toArray()).length, 47);
  const described = await engine.queryQuads("DESCRIBE <urn:ngsi-ld:AED:990019:0000000001>", context);
  assert.ok((await described.toArray()).some(({ object }) => object.value === "広場市役所"));
});

test("what the city has joins a file of somebody else", async (t) => {
  const [first, second] = await expected();
  const notes = await elsewhere(t, `<urn:note:1> <urn:about> <${first}> . <urn:note:2> <urn:about> <${second}> . <urn:note:3> <urn:about> <urn:nothing> .`);
  const sources = [endpoint, notes];
  const joined = await select(`SELECT ?note ?name { ?note <urn:about> ?site . ${NAMED} }`, sources);
  assert.deepEqual(joined.map(({ note }) => note).sort(), ["urn:note:1", "urn:note:2"]);
  const served = await select(`SELECT ?note ?name { ?note <urn:about> ?site SERVICE <${endpoint}> { ${NAMED} } }`, [notes]);
  const order = (rows) => rows.map(({ note, name }) => `${note} ${name}`).sort();
  assert.deepEqual(order(served), order(joined));
});

test("a place is compared by Comunica itself where two sources say it", async (t) => {
  const near = await elsewhere(t, "<urn:note:1> <urn:north> 36.40 .");
  const where = "?site a hiroba:EvacuationSite ; geo:hasDefaultGeometry/wgs84:lat ?lat .";
  const north = await select(`SELECT ?site { ${where} ?note <urn:north> ?limit FILTER(?lat > ?limit) }`, [endpoint, near]);
  const alone = await select(`SELECT ?site { ${where} FILTER(?lat > 36.40) }`);
  assert.ok(alone.length > 0 && alone.length < 47);
  assert.deepEqual(north.map(({ site }) => site).sort(), alone.map(({ site }) => site).sort());
});

test("two endpoints join: the city's data and those of another tenant", async (t) => {
  const tenant = `comunica_${process.pid}`;
  const [site] = await expected();
  const note = { id: "urn:ngsi-ld:Note:1", type: "Note", about: { type: "Relationship", object: site } };
  const made = await fetch(`${base}/ngsi-ld/v1/entities`, {
    method: "POST",
    headers: { "content-type": "application/json", "ngsild-tenant": tenant },
    body: JSON.stringify(note),
  });
  assert.equal(made.status, 201, await made.text());
  const other = `${endpoint}/${tenant}`;
  // The sidecar follows the broker.
  const there = async () => {
    const answer = await fetch(`${other}?query=${encodeURIComponent(`ASK { <${note.id}> ?p <${site}> }`)}`);
    return answer.ok && (await answer.json()).boolean;
  };
  for (const end = Date.now() + 20_000; !(await there()); await new Promise((resolve) => setTimeout(resolve, 100))) {
    assert.ok(Date.now() < end, "the other tenant's note is in the endpoint within 20 seconds");
  }
  const joined = await select(`SELECT DISTINCT ?note ?name { ?note <${DEFAULT}about> ?site . ${NAMED} }`, [endpoint, other]);
  assert.deepEqual(joined.map((row) => row.note), [note.id]);
});
