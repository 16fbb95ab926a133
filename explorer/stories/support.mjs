// What the stories share: the built programs as processes, and a browser that reaches nothing but them.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import axe from "axe-core";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const programs = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), process.env.HIROBA_PROFILE ?? "debug");
export const hirobaPath = join(programs, "hiroba");

/** A folder that is deleted when the test ends. */
export function folder(test) {
  const path = mkdtempSync(join(tmpdir(), "hiroba-story-"));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs `hiroba …` to its end. */
export function hiroba(...words) {
  const { status, stdout, stderr, error } = spawnSync(hirobaPath, words, { encoding: "utf8" });
  if (error) throw new Error(`${hirobaPath}: ${error.message}. Build it: cargo build --workspace --bins`);
  return { status, stdout, stderr };
}

/** Starts a program that serves until the test ends; the address that it tells when it is ready. */
export async function start(test, words, says) {
  const child = spawn(hirobaPath, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, RUST_LOG: "warn" } });
  test.after(async () => {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill("SIGTERM");
    assert.equal(await ended, 0, "it stops cleanly when it is told to");
  });
  let heard = "";
  return await new Promise((resolve, reject) => {
    const listen = (data) => {
      heard += data;
      const found = says.exec(heard);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", (error) => reject(new Error(`${hirobaPath}: ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`hiroba ${words.join(" ")} ended with ${code}:\n${heard}`)));
  });
}

export const serve = (test, ...words) =>
  start(test, ["serve", "--listen", "127.0.0.1:0", ...words], / on (http:\/\/\S+)/);

/** Waits until something is there. */
export async function eventually(what, find, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await find();
    if (found) return found;
    assert.ok(Date.now() < end, `${what} within ${seconds} seconds`);
    await sleep(100);
  }
}

/** A browser page. Its requests to other hosts than this machine are recorded, and fail. */
export async function browse(test, options = {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Containers forbid Chromium's own sandbox; WebGL without a graphics card comes from SwiftShader.
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
  test.after(() => browser.close());
  const context = await browser.newContext(options);
  const elsewhere = [];
  await context.route("**/*", (route) => {
    const { hostname, protocol } = new URL(route.request().url());
    if (hostname === "127.0.0.1" || protocol === "data:" || protocol === "blob:") return route.continue();
    elsewhere.push(route.request().url());
    return route.abort();
  });
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  return { page, elsewhere, errors };
}

/** Demands that the page has no fault that axe knows of (WCAG 2.2 A and AA). */
export async function accessible(page) {
  // By evaluation and not as a script element, which the page's policy forbids.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n  ")}`);
  assert.deepEqual(told, [], page.url());
}
