// <hiroba-sparql endpoint="/sparql" …>: asking in SPARQL, in place of the form inside it. It is part of the page and not
// in a shadow of its own, so that the editor has the page's styles.
import { LitElement, html, nothing } from "lit";
import { keyed } from "lit/directives/keyed.js";

import { chart, firstChart, type ChartView } from "./chart.ts";
import { Editor } from "./editor.ts";
import { Refusal, ask, download, formsOf, type Form } from "./endpoint.ts";
import { learn, type Knowledge } from "./knowledge.ts";
import type { Places } from "./links.ts";
import { placesOf, type Found } from "./places.ts";
import type { Results } from "./results.ts";
import { readShared, share } from "./share.ts";
import { FIRST_VIEW, table, type TableView } from "./table.ts";
import { number, say, type Words } from "./words.ts";
// After the editor's own styles, which it changes.
import "./page.css";

const VIEWS = ["table", "map", "chart"] as const;
type View = (typeof VIEWS)[number];

class HirobaSparql extends LitElement {
  static override properties = {
    endpoint: { type: String },
    entityBase: { type: String, attribute: "entity-base" },
    typeBase: { type: String, attribute: "type-base" },
    words: { type: Object },
    names: { type: Object },
    asked: { type: Boolean },
    knowledge: { state: true },
    results: { state: true },
    problem: { state: true },
    status: { state: true },
    running: { state: true },
    view: { state: true },
    tableView: { state: true },
    chartView: { state: true },
  };

  declare endpoint: string;
  declare entityBase: string;
  declare typeBase: string;
  declare words: Words;
  /** What the editor completes. */
  declare names: { classes: readonly string[]; properties: readonly string[] };
  /** The query came with the address of the page, so it is run at once. */
  declare asked: boolean;
  declare knowledge: Knowledge | "none" | undefined;
  declare results: Results | undefined;
  declare problem: Refusal | undefined;
  declare status: string;
  declare running: AbortController | undefined;
  declare view: View;
  declare tableView: TableView;
  declare chartView: ChartView | undefined;
  #editor: Editor | undefined;
  #query = "";
  /** The query that was run last. */
  #answered = "";
  /** The places in results, which are looked for when the map is wanted. */
  readonly #located = new WeakMap<Results, Found | undefined>();
  readonly #left = new AbortController();

  constructor() {
    super();
    this.endpoint = "/sparql";
    this.entityBase = "/entities/";
    this.typeBase = "/data/";
    this.words = {};
    this.names = { classes: [], properties: [] };
    this.asked = false;
    this.status = "";
    this.view = "table";
    this.tableView = FIRST_VIEW;
  }

  override createRenderRoot(): HTMLElement {
    this.#query = this.querySelector("textarea")?.value ?? "";
    this.replaceChildren();
    return this;
  }

  override firstUpdated(): void {
    const shared = readShared(location.hash);
    this.view = VIEWS.find((known) => known === shared.view) ?? "table";
    const learned = learn(this.endpoint, document.documentElement.lang, this.#left.signal);
    learned.then((knowledge) => (this.knowledge = knowledge), (error: unknown) => {
      console.warn("no examples", error);
      this.knowledge = "none";
    });
    const parent = this.querySelector<HTMLElement>(".sparql-editor");
    if (!parent) return;
    this.#editor = new Editor(parent, {
      value: shared.query ?? this.#query,
      label: this.words["sparql-query"] ?? "",
      hint: this.words["sparql-complete"] ?? "",
      completions: { ...this.names, prefixes: learned.then(({ prefixes }) => prefixes, () => ({})) },
      onRun: () => void this.#run(),
    });
    addEventListener("hashchange", () => this.#follow(), { signal: this.#left.signal });
    if (this.asked || shared.query !== undefined) void this.#run();
    this.dataset["state"] = "ready";
  }

  override disconnectedCallback(): void {
    this.#left.abort();
    this.running?.abort();
    super.disconnectedCallback();
  }

  /** Another shared query was put into the address. */
  #follow(): void {
    const { query, view } = readShared(location.hash);
    if (!this.#editor || query === undefined) return;
    this.view = VIEWS.find((known) => known === view) ?? "table";
    if (query === this.#answered) return;
    this.#editor.value = query;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (!this.#editor) return;
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.problem = undefined;
    this.status = this.words["sparql-running"] ?? "";
    const query = this.#editor.value;
    this.#answered = query;
    share({ query, view: this.view });
    const begun = performance.now();
    const { words } = this;
    const triple = [words["sparql-subject"] ?? "", words["sparql-predicate"] ?? "", words["sparql-object"] ?? ""] as const;
    try {
      const results = await ask(this.endpoint, query, triple, running.signal);
      if (this.running !== running) return;
      this.results = results;
      this.tableView = FIRST_VIEW;
      this.chartView = firstChart(results);
      const seconds = number(Math.round(performance.now() - begun) / 1000);
      this.status = results.kind === "truth" ? "" : say(words, "sparql-rows", { n: results.rows.length, seconds });
    } catch (error) {
      if (this.running !== running) return;
      // What is shown always belongs to the query that was run.
      this.results = undefined;
      this.#fail(error, running.signal.aborted);
    } finally {
      if (this.running === running) this.running = undefined;
    }
  }

  #fail(error: unknown, stopped: boolean): void {
    this.status = stopped ? (this.words["sparql-stopped"] ?? "") : "";
    if (stopped) return;
    this.problem = error instanceof Refusal ? error : new Refusal("", String(error));
    const { place } = this.problem;
    if (place) this.#editor?.blame(place.line, place.column);
  }

  async #download(form: Form): Promise<void> {
    try {
      await download(this.endpoint, this.#answered, form, this.#left.signal);
    } catch (error) {
      this.#fail(error, this.#left.signal.aborted);
    }
  }

  #choose(event: Event): void {
    const list = event.target as HTMLSelectElement;
    const example = typeof this.knowledge === "object" ? this.knowledge.examples[Number(list.value)] : undefined;
    if (!this.#editor || !example || list.value === "") return;
    this.#editor.value = example.query;
  }

  #show(view: View): void {
    this.view = view;
    if (this.#answered) share({ query: this.#answered, view });
  }

  override render() {
    const { words } = this;
    return html`
      ${this.#examples()}
      <p id="sparql-editor-label" class="sparql-label">${words["sparql-query"]}</p>
      <div class="sparql-editor" role="group" aria-labelledby="sparql-editor-label" aria-describedby="sparql-keys" translate="no"></div>
      <p class="meta" id="sparql-keys">${words["sparql-keys"]}</p>
      <p class="sparql-actions">
        <button type="button" @click=${() => void this.#run()}>${words["sparql-run"]}</button>
        ${this.running ? html`<button type="button" class="plain" @click=${() => this.running?.abort()}>${words["sparql-stop"]}</button>` : nothing}
        <span role="status" aria-live="polite">${this.status}</span>
      </p>
      <div role="alert">${this.#complaint()}</div>
      ${this.#outcome()}`;
  }

  #examples() {
    const { knowledge, words } = this;
    if (knowledge === "none") return html`<p class="meta">${words["sparql-examples-none"]}</p>`;
    return html`<p><label class="sparql-label" for="sparql-example">${words["sparql-example"]}</label>
      <select id="sparql-example" @change=${(event: Event) => this.#choose(event)}>
        <option value="">${words["sparql-choose"]}</option>
        ${(knowledge?.examples ?? []).map(({ label }, n) => html`<option value=${n}>${label}</option>`)}
      </select></p>`;
  }

  #complaint() {
    const { problem, words } = this;
    if (!problem) return nothing;
    const { place } = problem;
    const sentence = words[`sparql-error-${problem.kind}`] ?? words["sparql-error"];
    return html`<div class="notice wrong">
      <p><strong>${sentence}</strong></p>
      <p lang="en" class="sparql-detail">${problem.message}</p>
      ${place ? html`<button type="button" class="plain" @click=${() => this.#editor?.goTo(place.line, place.column)}>
        ${say(words, "sparql-error-place", place)}</button>` : nothing}
      ${problem.kind === "too-large" ? this.#downloads("rows") : nothing}
    </div>`;
  }

  #outcome() {
    const { results, words } = this;
    if (!results) return nothing;
    return html`<section aria-labelledby="sparql-results-title">
      <h2 id="sparql-results-title">${words["sparql-results"]}</h2>
      ${results.kind === "truth"
        ? html`<p class="sparql-truth" role="status">${results.truth ? words["yes"] : words["no"]}</p>`
        : results.rows.length === 0 ? html`<p>${words["sparql-nothing"]}</p>` : this.#views(results)}
      ${this.#downloads(results.kind)}
      <p class="meta">${words["sparql-share"]}</p>
    </section>`;
  }

  #views(results: Results) {
    const { words } = this;
    const titles: Record<View, string | undefined> = { table: words["table"], map: words["map"], chart: words["sparql-chart"] };
    return html`<fieldset class="sparql-views"><legend>${words["sparql-show-as"]}</legend>
      ${VIEWS.map((view) => html`<label><input type="radio" name="sparql-view" value=${view} .checked=${view === this.view}
        @change=${() => this.#show(view)}> ${titles[view]}</label>`)}
      </fieldset>
      ${this.view === "map" ? this.#map(results) : this.view === "chart" ? this.#chart(results) : this.#table(results)}`;
  }

  get #places(): Places {
    return { entityBase: this.entityBase, typeBase: this.typeBase, types: new Set(this.names.classes) };
  }

  get #prefixes(): Readonly<Record<string, string>> {
    return typeof this.knowledge === "object" ? this.knowledge.prefixes : {};
  }

  #table(results: Results) {
    const change = (view: TableView): void => void (this.tableView = view);
    const { words, tableView: view } = this;
    return table(results, { words, view, change, places: this.#places, prefixes: this.#prefixes });
  }

  #chart(results: Results) {
    const { words, chartView: view } = this;
    if (!view) return html`<p class="notice">${words["sparql-chart-none"]}</p>`;
    const change = (changed: ChartView): void => void (this.chartView = changed);
    return chart(results, { words, view, change, prefixes: this.#prefixes });
  }

  #map(results: Results) {
    const { words } = this;
    if (!this.#located.has(results)) this.#located.set(results, placesOf(results, this.#places));
    const found = this.#located.get(results);
    if (!found) return html`<p class="notice">${words["sparql-map-none"]}</p>`;
    // Twice as large as all the rest, so it comes when it is wanted.
    import("../map.ts").catch((error: unknown) => console.error("no map", error));
    return html`${keyed(results, html`<hiroba-map .places=${found.places} label=${words["sparql-map-label"] ?? ""}
        in-view=${words["in-view"] ?? ""} failed=${words["map-failed"] ?? ""}></hiroba-map>`)}
      ${found.skipped > 0 ? html`<p class="meta">${say(words, "sparql-map-skipped", { n: found.skipped })}</p>` : nothing}`;
  }

  #downloads(kind: Results["kind"]) {
    return html`<h3 id="sparql-downloads">${this.words["sparql-download"]}</h3>
      <ul class="same" aria-labelledby="sparql-downloads">${formsOf(kind).map((form) => html`<li>
        <button type="button" class="plain" @click=${() => void this.#download(form)}>${form.label}</button></li>`)}
      </ul>`;
  }
}

customElements.define("hiroba-sparql", HirobaSparql);
