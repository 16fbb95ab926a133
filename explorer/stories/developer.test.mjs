// A developer has heard of Hiroba, starts the demo, and asks the town for its data in every form.
import assert from "node:assert/strict";
import test from "node:test";

import { accessible, browse, eventually, folder, start } from "./support.mjs";

const VOCABULARY = "https://w3id.org/hiroba/vocab/";

test("a developer tries the demo and finds the same places in every form", async (t) => {
  const base = await start(t, ["demo", "--listen", "127.0.0.1:0", "--data-dir", folder(t)], /tables {2}(http:\S+?)\/\s/);
  const get = async (path, accept) => {
    const answer = await fetch(base + path, { headers: accept ? { accept } : {} });
    assert.equal(answer.status, 200, `${path}: ${await answer.clone().text()}`);
    return answer;
  };
  const json = async (path, accept) => (await get(path, accept)).json();

  await t.test("types and their attributes are there to be found", async () => {
    const types = (await json("/ngsi-ld/v1/types")).typeList;
    for (const type of ["AED", "EvacuationSite", "PublicFacility", "PublicToilet"]) assert.ok(types.includes(type), `${types}`);
    const details = await json("/ngsi-ld/v1/types/AED");
    assert.ok(details.attributeDetails.some(({ attributeName }) => attributeName === "installationPosition"));
  });

  let nearest;
  await t.test("the nearest AEDs of the city hall, with a condition, in key-values", async () => {
    const [hall] = await json(`/ngsi-ld/v1/entities?type=AED&q=${encodeURIComponent('name[ja]=="広場市役所"')}`);
    assert.equal(hall.location.value.type, "Point");
    const point = JSON.stringify(hall.location.value.coordinates);
    const near = `georel=near;maxDistance==1500&geometry=Point&coordinates=${encodeURIComponent(point)}`;
    const found = await get(`/ngsi-ld/v1/entities?type=AED&${near}&orderBy=location;dist-asc&orderFrom=${encodeURIComponent(point)}&local=true&count=true&limit=5&format=simplified`);
    nearest = await found.json();
    assert.ok(nearest.length > 1 && Number(found.headers.get("ngsild-results-count")) >= nearest.length);
    assert.equal(nearest[0].name.languageMap.ja, "広場市役所");
    assert.match(found.headers.get("link"), /hiroba\.jsonld/);
  });

  await t.test("GeoJSON and CSV hold as many", async () => {
    const count = Number((await get("/ngsi-ld/v1/entities?type=EvacuationSite&limit=0&count=true")).headers.get("ngsild-results-count"));
    assert.ok(count > 10);
    const { features } = await json("/data/EvacuationSite.geojson");
    assert.equal(features.length, count);
    assert.ok(features.every(({ geometry }) => geometry.type === "Point"));
    const csv = await (await get("/data/EvacuationSite.csv")).text();
    assert.equal(csv.trimEnd().split("\r\n").length, count + 1);
    const broker = await json("/ngsi-ld/v1/entities?type=EvacuationSite&limit=3", "application/geo+json");
    assert.equal(broker.features.length, 3);
  });

  await t.test("SPARQL finds the same entities, and how far they are", async () => {
    const ask = async (query) => {
      const answer = await fetch(`${base}/sparql`, {
        method: "POST",
        headers: { accept: "application/sparql-results+json", "content-type": "application/sparql-query" },
        body: query,
      });
      const text = await answer.text();
      return answer.ok ? JSON.parse(text).results.bindings : assert.fail(`${answer.status}: ${text}`);
    };
    const query = `PREFIX geo: <http://www.opengis.net/ont/geosparql#> PREFIX geof: <http://www.opengis.net/def/function/geosparql/>
      PREFIX uom: <http://www.opengis.net/def/uom/OGC/1.0/>
      SELECT ?aed ?metres WHERE {
        <${nearest[0].id}> geo:hasGeometry/geo:asWKT ?here . ?aed a <${VOCABULARY}AED> ; geo:hasGeometry/geo:asWKT ?there .
        BIND(geof:distance(?here, ?there, uom:metre) AS ?metres) FILTER(?metres <= 1500)
      } ORDER BY ?metres ?aed LIMIT 5`;
    const rows = await eventually("the sidecar has copied the town", async () => {
      const rows = await ask(query).catch(() => []);
      return rows.length > 0 && rows;
    });
    assert.deepEqual(rows.map(({ aed }) => aed.value).sort(), nearest.map(({ id }) => id).sort());
  });

  await t.test("an entity's own address answers people and programs", async () => {
    const path = `/entities/${encodeURIComponent(nearest[0].id)}`;
    assert.match(await (await get(path, "text/html")).text(), /広場市役所/);
    assert.match(await (await get(path, "text/turtle")).text(), /"広場市役所"@ja/);
    const document = await json(path, "application/ld+json");
    assert.equal(document.id, nearest[0].id);
    assert.ok(document["@context"]);
  });

  await t.test("the contract is complete and served", async () => {
    const contract = await json("/openapi.json");
    assert.ok(contract.paths["/ngsi-ld/v1/entities"] && contract.paths["/sparql"]);
  });

  await t.test("the pages show it on a map, without help from elsewhere", async () => {
    const { page, elsewhere, errors } = await browse(t, { locale: "en-GB" });
    await page.goto(base);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await accessible(page);
    await page.getByRole("link", { name: /AED/ }).first().click();
    await page.locator("hiroba-map canvas").waitFor();
    await eventually("the map counts what is in view", async () =>
      /\d/.test(await page.locator("hiroba-map [role=status]").innerText()));
    await accessible(page);
    await page.getByRole("table").getByRole("link", { name: "Hiroba City Hall" }).first().click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    assert.match(page.url(), /\/entities\//);
    await accessible(page);
    assert.deepEqual([elsewhere, errors], [[], []]);
  });
});
