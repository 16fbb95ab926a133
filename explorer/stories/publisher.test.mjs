// A member of a city's staff publishes the list that the city already has, as Excel saved it, and corrects it later.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { accessible, browse, folder, hiroba, serve } from "./support.mjs";

const HEADER = "市区町村コード,NO,施設・場所名,住所,緯度,経度,災害種別_洪水,災害種別_地震,対象となる町会・自治会,備考";
const ROWS = [
  "131016,1,一番町小学校,東京都千代田区一番町1-1,35.68712,139.74012,1,1,一番町,",
  "131016,2,中央公民館,東京都千代田区一番町２丁目３,３５．６８８０１,139.74122,,1,,車いす可",
  "131016,3,,東京都千代田区一番町9,35.68650,139.73900,,1,,",
];

test("a publisher checks a list, puts it online, sees it, and corrects it", async (t) => {
  const home = folder(t);
  const list = join(home, "避難場所.csv");
  // With the byte order mark that Excel writes.
  const save = (rows) => writeFileSync(list, `\uFEFF${[HEADER, ...rows].join("\r\n")}\r\n`);
  save(ROWS);

  await t.test("a dry run names the row that is wrong", () => {
    const { status, stdout } = hiroba("import", list, "--dry-run");
    assert.equal(status, 3, stdout);
    assert.match(stdout, /指定緊急避難場所一覧/);
    assert.match(stdout, /3 read = 2 entities \+ 0 merged \+ 0 set aside \+ 1 refused/);
    assert.match(stdout, /row 4/);
  });

  const base = await serve(t, "--data-dir", join(home, "data"));
  save(ROWS.map((row) => row.replace("131016,3,,", "131016,3,千鳥ヶ淵公園,")));

  await t.test("the corrected list is online at once", async () => {
    const { status, stdout, stderr } = hiroba("import", list, "--to", base, "--licence", "CC BY 4.0", "--report", "json");
    assert.equal(status, 0, stderr);
    assert.deepEqual(JSON.parse(stdout).published, { created: 4, changed: 0, unchanged: 0 });
  });

  const { page, elsewhere, errors } = await browse(t, { locale: "ja-JP", viewport: { width: 390, height: 844 } });
  await t.test("the first page tells title, number, licence and day", async () => {
    await page.goto(base);
    assert.equal(await page.locator("html").getAttribute("lang"), "ja");
    const card = page.locator(".card", { hasText: "指定緊急避難場所" }).first();
    const text = await card.innerText();
    assert.match(text, /3件/);
    assert.match(text, /CC BY 4\.0/);
    await accessible(page);
    await card.getByRole("heading").getByRole("link").click();
  });

  await t.test("the list, its filter and its map work on a telephone, by keyboard alone", async () => {
    assert.equal(await page.getByRole("table").getByRole("row").count(), 4);
    const search = page.getByRole("searchbox");
    await search.focus();
    await page.keyboard.type("千鳥");
    await page.keyboard.press("Enter");
    await page.waitForURL(/search=/);
    assert.equal(await page.getByRole("table").getByRole("row").count(), 2);
    await page.locator("hiroba-map canvas").waitFor();
    await accessible(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.ok(!wide, "the page is no wider than the screen");
  });

  await t.test("every link to the data leads to these three places", async () => {
    await page.goto(`${base}/data/EvacuationSite`);
    const links = page.locator("ul.same a");
    const found = {};
    for (const link of await links.all()) {
      const answer = await page.request.get(new URL(await link.getAttribute("href"), base).href);
      found[await link.innerText()] = [answer.status(), (await answer.text()).match(/千鳥ヶ淵公園/g)?.length ?? 0];
    }
    assert.deepEqual(found["NGSI-LD"], [200, 1]);
    assert.deepEqual(found.GeoJSON, [200, 1]);
    assert.deepEqual(found.CSV, [200, 1]);
  });

  await t.test("a correction changes one entity and the page, and nothing else", async () => {
    save(ROWS.map((row) => row.replace("131016,3,,", "131016,3,千鳥ヶ淵緑道,")));
    const { stdout } = hiroba("import", list, "--to", base, "--licence", "CC BY 4.0", "--report", "json");
    // The place, and the data set with its new checksum.
    assert.deepEqual(JSON.parse(stdout).published, { created: 0, changed: 2, unchanged: 2 });
    await page.reload();
    assert.equal(await page.getByRole("table").getByText("千鳥ヶ淵緑道").count(), 1);
    assert.deepEqual([elsewhere, errors], [[], []]);
  });
});

test("a publisher opens the report of a list in the browser, takes the corrected file, and publishes that", async (t) => {
  const home = folder(t);
  const list = join(home, "避難場所.csv");
  writeFileSync(list, [HEADER, ...ROWS].join("\r\n"));
  const base = await serve(t, "--data-dir", join(home, "data"));
  const { page, elsewhere, errors } = await browse(t, { locale: "ja-JP" });
  const send = async (file) => {
    await page.goto(`${base}/imports`);
    await page.getByLabel("ファイル", { exact: true }).setInputFiles(file);
    await page.getByRole("button", { name: "内容を確認する" }).click();
    // The page reloads by itself until the check is there.
    await page.getByRole("button", { name: "公開する", exact: true }).waitFor();
  };
  const corrected = join(home, "直した避難場所.csv");

  await t.test("the check tells in Japanese what is wrong, and how good the list is", async () => {
    await send(list);
    const text = await page.getByRole("main").innerText();
    assert.match(text, /名称がありません。/);
    assert.match(text, /100点中\d+点、評価[A-E]/);
    await accessible(page);
  });

  await t.test("the report stands alone", async () => {
    const here = page.url();
    await page.getByRole("link", { name: "確認結果の報告書" }).click();
    await page.getByRole("heading", { name: "公開できない行" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "ja");
    assert.match(await page.getByRole("main").innerText(), /避難場所\.csv/);
    assert.equal(await page.locator("script, img, link").count(), 0);
    await accessible(page);
    await page.goto(here);
  });

  await t.test("the corrected file has what could be put right", async () => {
    const waiting = page.waitForEvent("download");
    await page.getByRole("link", { name: "直したファイル（CSV）" }).click();
    const download = await waiting;
    assert.equal(download.suggestedFilename(), "避難場所-corrected.csv");
    await download.saveAs(corrected);
    const text = readFileSync(corrected, "utf8");
    assert.match(text, /中央公民館/);
    assert.match(text, /35\.68801/);
    assert.doesNotMatch(text, /３５．６８/);
  });

  await t.test("it is published, and is then a download of the data set", async () => {
    await send(corrected);
    await page.getByRole("button", { name: "公開する", exact: true }).click();
    await page.getByRole("link", { name: "CSV（標準の様式）" }).waitFor();
    assert.equal(await page.getByRole("link", { name: /^直したファイル/ }).count(), 0);
    await accessible(page);
    const href = await page.getByRole("link", { name: "CSV（標準の様式）" }).getAttribute("href");
    const answer = await page.request.get(new URL(href, base).href);
    assert.equal(await answer.text(), readFileSync(corrected, "utf8"));
    assert.deepEqual([elsewhere, errors], [[], []]);
  });
});
