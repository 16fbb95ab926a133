// A developer has heard of Hiroba, starts the demo, and asks the town for its data in every form.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { accessible, browse, eventually, folder, serve, start } from "./support.mjs";

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

  await t.test("on the SPARQL page, an example becomes a table, a map and a chart", async (t) => {
    const { page, elsewhere, errors } = await browse(t, { locale: "en-GB", acceptDownloads: true });
    await page.goto(base);
    await page.getByRole("link", { name: "SPARQL", exact: true }).first().click();
    const examples = page.getByLabel("Example queries");
    await examples.locator("option").nth(10).waitFor({ state: "attached" });
    await accessible(page);

    await examples.selectOption({ label: "How many entities there are of each type" });
    await page.getByRole("button", { name: "Run" }).click();
    const table = page.locator("hiroba-sparql table");
    await table.getByRole("link", { name: "hiroba:AED" }).waitFor();
    await accessible(page);
    const first = () => table.locator("tbody tr").first().innerText();
    const byType = table.getByRole("columnheader", { name: "type" });
    await byType.getByRole("button").focus();
    await page.keyboard.press("Enter");
    assert.match(await first(), /dcat:Dataset/);
    assert.equal(await byType.getAttribute("aria-sort"), "ascending");
    await page.keyboard.press("Enter");
    assert.match(await first(), /schema:TouristAttraction/);

    await page.getByRole("radio", { name: "Map" }).check();
    await page.getByText("No column holds places").waitFor();
    await page.getByRole("radio", { name: "Chart" }).check();
    const chart = page.getByRole("img", { name: /entities by type: 7 values/ });
    await chart.waitFor();
    assert.equal(await chart.locator("rect.bar").count(), 7);
    await page.getByText("The values of the chart as a table").click();
    assert.equal(await page.locator("details tbody tr").count(), 7);
    await accessible(page);
    await page.getByLabel("Kind of chart").selectOption("Line");
    await page.locator("svg.chart polyline").waitFor();

    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    assert.match(readFileSync(await file.path(), "utf8"), /^type,entities\r\n/);
    assert.deepEqual([elsewhere, errors], [[], []]);
  });

  await t.test("a query that was shared shows its places, and a mistake where it is, by keyboard and in Japanese", async (t) => {
    const { page, elsewhere, errors } = await browse(t, { locale: "ja-JP", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    const query = `PREFIX geo: <http://www.opengis.net/ont/geosparql#>
SELECT ?site ?capacity ?place {
  ?site a <${VOCABULARY}EvacuationSite> ; <https://schema.org/maximumAttendeeCapacity> ?capacity ; geo:hasDefaultGeometry/geo:asWKT ?place
}`;
    await page.goto(`${base}/explore/sparql#${new URLSearchParams({ query, view: "map" })}`);
    await page.locator("hiroba-sparql hiroba-map canvas").waitFor();
    await eventually("every place is in view", async () =>
      (await page.locator("hiroba-map [role=status]").innerText()) === "地図の範囲に47件");
    await accessible(page);
    await page.getByRole("radio", { name: "一覧" }).check();
    const link = page.locator("hiroba-sparql table").getByRole("link").first();
    const entity = await page.request.get(new URL(await link.getAttribute("href"), base).href);
    assert.equal(entity.status(), 200);
    await accessible(page);
    assert.ok(!(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)), "the page is no wider than the screen");
    assert.deepEqual([elsewhere, errors], [[], []]);

    // Triples are shown as well, and an address without a view means the table.
    await page.getByRole("radio", { name: "グラフ" }).check();
    const triples = `CONSTRUCT { ?s ?p ?o } WHERE { ?s a <${VOCABULARY}AED> ; ?p ?o }`;
    await page.evaluate((hash) => { location.hash = hash; }, `#${new URLSearchParams({ query: triples })}`);
    await page.getByRole("columnheader", { name: "主語" }).waitFor();
    await page.getByRole("button", { name: "次へ" }).click();
    await page.getByText("101〜200行目").waitFor();
    await page.getByRole("button", { name: "RDF/XML" }).waitFor();
    await accessible(page);

    const editor = page.getByRole("textbox", { name: "クエリ（SPARQL）" });
    await editor.focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.type("FOO ");
    await page.keyboard.press("Control+Enter");
    const alert = page.getByRole("alert");
    await alert.getByText("クエリの書き方に誤りがあります。").waitFor();
    assert.match(await alert.innerText(), /1行目 1文字目/);
    assert.equal(await page.locator("hiroba-sparql table").count(), 0, "what was found before is no answer to this");
    await accessible(page);
    await alert.getByRole("button").press("Enter");
    for (let n = 0; n < 4; n += 1) await page.keyboard.press("Delete");
    await page.keyboard.press("Control+Enter");
    await page.locator("hiroba-sparql table").waitFor();
    // Tab is not caught in the editor.
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement?.textContent?.trim()), "実行");
  });

  await t.test("the editor completes what the endpoint declares and the city has", async (t) => {
    const { page, elsewhere, errors } = await browse(t, { locale: "en-GB" });
    await page.goto(`${base}/explore/sparql?query=${encodeURIComponent("SELECT * {\n  ?s a \n}")}`);
    await page.locator("#sparql-example option").nth(10).waitFor({ state: "attached" });
    await page.getByRole("textbox", { name: "Query (SPARQL)" }).focus();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("End");
    await page.keyboard.type("hiroba:Evac");
    await page.getByText("PREFIX hiroba:").waitFor();
    await page.keyboard.press("Control+Space");
    await page.locator(".CodeMirror-hints").getByText("hiroba:EvacuationSite").waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Control+Enter");
    await page.getByText("47 rows in").waitFor();
    const told = await page.evaluate(() => decodeURIComponent(location.hash.replaceAll("+", " ")));
    assert.match(told, /PREFIX hiroba: <https:\/\/w3id\.org\/hiroba\/vocab\/>/);
    assert.match(told, /\?s a hiroba:EvacuationSite/);
    assert.deepEqual(elsewhere, []);
    assert.ok(errors.every((error) => error.includes("400")), `${errors}`);
  });
});

test("without the sidecar, and without scripts, the SPARQL page says what can be done", async (t) => {
  const base = await serve(t, "--data-dir", folder(t));
  const { page, elsewhere, errors } = await browse(t, { locale: "en-GB" });
  await page.goto(`${base}/explore/sparql`);
  await page.getByText("SPARQL is not running").waitFor();
  await accessible(page);
  const silent = await serve(t, "--data-dir", folder(t), "--sparql", "http://127.0.0.1:9");
  await page.goto(`${silent}/explore/sparql`);
  await page.locator("hiroba-sparql[data-state=ready]").waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByRole("alert").getByText("The SPARQL server does not answer").waitFor();
  await accessible(page);
  const plain = await browse(t, { locale: "en-GB", javaScriptEnabled: false });
  await plain.page.goto(`${silent}/explore/sparql`);
  assert.match(await plain.page.getByLabel("Query (SPARQL)").inputValue(), /^PREFIX dcterms/);
  await plain.page.getByRole("button", { name: "Run" }).click();
  await plain.page.waitForURL(/\/sparql\?query=PREFIX/);
  assert.deepEqual([elsewhere, plain.elsewhere], [[], []]);
  assert.ok(errors.every((error) => error.includes("502")), `${errors}`);
});
