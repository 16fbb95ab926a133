// A dashboard on another server polls the broker from the browser while sensors report.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";

import { browse, eventually, folder, serve } from "./support.mjs";

/** The whole dashboard: what is full beyond a limit, worst first, asked for again every 200 ms. */
const DASHBOARD = (base) => `<!doctype html><title>Shelters</title><ul></ul><script type="module">
  let tag;
  const list = document.querySelector("ul");
  const poll = async () => {
    const url = "${base}/ngsi-ld/v1/entities?type=Shelter&q=occupancy>=50&orderBy=occupancy;desc&local=true&format=simplified&count=true";
    const answer = await fetch(url, { headers: tag ? { "if-none-match": tag } : {} });
    window.statuses = [...(window.statuses ?? []), answer.status];
    if (answer.status === 200) {
      tag = answer.headers.get("etag");
      window.count = answer.headers.get("ngsild-results-count");
      list.replaceChildren(...(await answer.json()).map(({ name, occupancy }) => {
        const item = document.createElement("li");
        item.textContent = name + " " + occupancy;
        return item;
      }));
    }
    setTimeout(poll, 200);
  };
  poll();
</script>`;

test("a dashboard on another server follows what sensors report", async (t) => {
  const base = await serve(t, "--data-dir", folder(t));
  const send = async (method, path, body, type = "application/json") => {
    const answer = await fetch(base + path, { method, headers: { "content-type": type }, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const shelters = Array.from({ length: 200 }, (_, n) => ({
    id: `urn:ngsi-ld:Shelter:${n}`,
    type: "Shelter",
    name: { type: "Property", value: `Shelter ${n}` },
    occupancy: { type: "Property", value: n % 50, unitCode: "P1", observedAt: "2026-04-01T00:00:00Z" },
  }));
  await send("POST", "/ngsi-ld/v1/entityOperations/upsert", shelters);

  const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(DASHBOARD(base)));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());

  const { page, elsewhere } = await browse(t);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const shown = () => page.locator("li").allInnerTexts();
  await eventually("the first answer", () => page.evaluate(() => window.count !== undefined));
  assert.deepEqual(await shown(), []);

  await t.test("a report shows", async () => {
    const report = (occupancy, second) =>
      ({ occupancy: { type: "Property", value: occupancy, observedAt: `2026-04-01T00:00:0${second}Z` } });
    await send("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:Shelter:7", report(80, 1), "application/merge-patch+json");
    await send("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:Shelter:9/attrs/occupancy", report(95, 1).occupancy);
    await eventually("both reports, the worst first", async () => `${await shown()}` === "Shelter 9 95,Shelter 7 80");
    await send("PATCH", "/ngsi-ld/v1/entities/urn:ngsi-ld:Shelter:9", report(10, 2), "application/merge-patch+json");
    await eventually("the shelter that emptied is gone", async () => `${await shown()}` === "Shelter 7 80");
    assert.equal(await page.evaluate(() => window.count), "1");
  });

  await t.test("what has not changed is not sent again", async () => {
    await eventually("an answer without content", () => page.evaluate(() => window.statuses.slice(-3).every((status) => status === 304)));
  });

  await t.test("the change feed tells each report once, in order", async () => {
    const lines = (await (await fetch(`${base}/changes?limit=5000`)).text()).trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.length, 203);
    assert.deepEqual(lines.slice(-3).map(({ entity, id }) => id ?? entity?.id ?? entity), [7, 9, 9].map((n) => `urn:ngsi-ld:Shelter:${n}`));
  });
  assert.deepEqual(elsewhere, []);
});
