// Results as a table that is sorted by its heads and shown in pages.
import { html, nothing, type TemplateResult } from "lit";

import { pageOf, shorten, type Places } from "./links.ts";
import { numberOf, timeOf, type Results, type Row, type Term } from "./results.ts";
import { say, type Words } from "./words.ts";

const PAGE = 100;

type Prefixes = Readonly<Record<string, string>>;

/** How a table is looked at. */
export interface TableView {
  readonly sortedBy: number | undefined;
  readonly descending: boolean;
  /** The first row that is shown. */
  readonly from: number;
}

export const FIRST_VIEW: TableView = { sortedBy: undefined, descending: false, from: 0 };

export interface TableOptions {
  readonly words: Words;
  readonly places: Places;
  readonly prefixes: Prefixes;
  readonly view: TableView;
  readonly change: (view: TableView) => void;
}

/** The last order of rows: a page of the same order is not sorted anew. */
const orders = new WeakMap<readonly Row[], { column: number; descending: boolean; rows: readonly Row[] }>();

function ordered(rows: readonly Row[], column: number, descending: boolean, prefixes: Prefixes): readonly Row[] {
  const known = orders.get(rows);
  if (known?.column === column && known.descending === descending) return known.rows;
  const order = { column, descending, rows: sorted(rows, column, descending, prefixes) };
  orders.set(rows, order);
  return order.rows;
}

/** Numbers and times by size, before texts, which are in the order of the page's language. What is missing comes last. */
function sorted(rows: readonly Row[], column: number, descending: boolean, prefixes: Prefixes): Row[] {
  const order = new Intl.Collator(document.documentElement.lang || undefined, { numeric: true });
  const keys = new Map(rows.map((row) => [row, numberOf(row[column]) ?? timeOf(row[column])]));
  const shown = (term: Term) => (term.type === "uri" ? shorten(term.value, prefixes) : term.value);
  const direction = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[column], b[column]];
    if (!x || !y) return x ? -1 : y ? 1 : 0;
    const [n, m] = [keys.get(a), keys.get(b)];
    if (n !== undefined && m !== undefined) return (n - m) * direction;
    if (n !== undefined || m !== undefined) return n !== undefined ? -direction : direction;
    return order.compare(shown(x), shown(y)) * direction;
  });
}

/** A term as people read it, with the way to what it names. */
export function cell(term: Term | undefined, { places, prefixes }: Pick<TableOptions, "places" | "prefixes">) {
  if (!term) return nothing;
  if (term.type === "uri") {
    const page = pageOf(term.value, places);
    const text = shorten(term.value, prefixes);
    return page ? html`<a href=${page} title=${term.value}>${text}</a>` : text;
  }
  if (term.language) return html`<span lang=${term.language}>${term.value}</span>`;
  return term.value;
}

/** The table, with its caption and the way through its pages. */
export function table({ columns, rows }: Results, options: TableOptions): TemplateResult {
  const { words, view, change } = options;
  const { sortedBy, descending, from } = view;
  const all = sortedBy === undefined ? rows : ordered(rows, sortedBy, descending, options.prefixes);
  const shown = all.slice(from, from + PAGE);
  const sortBy = (column: number): void =>
    change({ sortedBy: column, descending: sortedBy === column && !descending, from: 0 });
  const state = (column: number) => (sortedBy !== column ? "none" : descending ? "descending" : "ascending");
  const numeric = columns.map((_, column) => shown.some((row) => numberOf(row[column]) !== undefined));
  const pages = { page: Math.floor(from / PAGE) + 1, pages: Math.ceil(rows.length / PAGE) };
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label=${words["table"] ?? ""}>
      <table>
        <caption>${say(words, "sparql-table-caption", { n: rows.length, from: Math.min(from + 1, rows.length), to: from + shown.length })}
          <span class="meta">${words["sparql-sort-hint"]}</span></caption>
        <thead><tr>${columns.map((name, column) => html`
          <th scope="col" class=${numeric[column] ? "number" : nothing} aria-sort=${state(column)}><button type="button" class="plain" @click=${() => sortBy(column)}>${name}</button></th>`)}
        </tr></thead>
        <tbody>${shown.map((row) => html`<tr>${row.map((term, column) => html`
          <td class=${numeric[column] ? "number" : nothing}>${cell(term, options)}</td>`)}</tr>`)}
        </tbody>
      </table>
    </div>
    ${rows.length <= PAGE ? nothing : html`<nav class="pages" aria-label=${words["table"] ?? ""}>
      <button type="button" class="plain" ?disabled=${from === 0} @click=${() => change({ ...view, from: from - PAGE })}>${words["previous"]}</button>
      <span>${say(words, "page", pages)}</span>
      <button type="button" class="plain" ?disabled=${from + PAGE >= rows.length} @click=${() => change({ ...view, from: from + PAGE })}>${words["next"]}</button>
    </nav>`}`;
}
