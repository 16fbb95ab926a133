// Results as a chart: bars by label, or a line over numbers and times. Below it are the same values as a table.
import { html, nothing, svg, type TemplateResult } from "lit";

import { shorten } from "./links.ts";
import { numberOf, timeOf, type Results, type Term } from "./results.ts";
import { number, say, type Words } from "./words.ts";

const MOST_BARS = 50;
const MOST_POINTS = 2_000;
/** Units of the drawing; the page stretches it. */
const WIDTH = 800;

export interface ChartView {
  readonly label: number;
  readonly value: number;
  readonly kind: "bars" | "line";
}

export interface ChartOptions {
  readonly words: Words;
  readonly prefixes: Readonly<Record<string, string>>;
  readonly view: ChartView;
  readonly change: (view: ChartView) => void;
}

interface Value {
  readonly label: string;
  /** Where it is on the horizontal axis of a line. */
  readonly at: number;
  readonly value: number;
}

/** Columns of which some value is a number. */
export function numeric({ columns, rows }: Results): number[] {
  return columns.map((_, column) => column).filter((column) => rows.some((row) => numberOf(row[column]) !== undefined));
}

/** The view to begin with: numbers by the first other column. `undefined` when there are no numbers. */
export function firstChart(results: Results): ChartView | undefined {
  const numbers = numeric(results);
  const value = numbers.at(-1);
  if (value === undefined) return undefined;
  const has = (column: number, test: (term: Term | undefined) => boolean) => results.rows.some((row) => test(row[column]));
  const others = results.columns.map((_, column) => column).filter((column) => column !== value);
  const time = others.find((column) => has(column, (term) => timeOf(term) !== undefined));
  const text = others.find((column) => has(column, (term) => term?.type === "literal" && numberOf(term) === undefined));
  const kind = time !== undefined || (others.length > 0 && others.every((column) => numbers.includes(column)));
  return { label: time ?? text ?? others[0] ?? value, value, kind: kind ? "line" : "bars" };
}

function valuesOf({ rows }: Results, { label, value, kind }: ChartView, prefixes: ChartOptions["prefixes"]): Value[] {
  const values = rows.flatMap((row, index): Value[] => {
    const n = numberOf(row[value]);
    const term = row[label];
    if (n === undefined) return [];
    const text = term?.type === "uri" ? shorten(term.value, prefixes) : (term?.value ?? "");
    return [{ label: text, at: timeOf(term) ?? numberOf(term) ?? index, value: n }];
  });
  return kind === "line" ? values.sort((a, b) => a.at - b.at).slice(0, MOST_POINTS) : values.slice(0, MOST_BARS);
}

/** About five round numbers that span a range. */
export function ticks(least: number, most: number): number[] {
  const rough = (most - least) / 4 || Math.abs(most) || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const first = Math.floor(least / step);
  const count = Math.min(20, Math.ceil(most / step - first));
  return Array.from({ length: count + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

/** A text in the room for so many Latin letters; others take twice as much. */
export function cut(text: string, room: number): string {
  const widths = [...text].map((character) => (character <= "\u02ff" ? 1 : 2));
  let left = room;
  const fits = widths.findIndex((width) => (left -= width) < 0);
  return fits < 0 ? text : `${[...text].slice(0, Math.max(0, fits - 1)).join("")}…`;
}

function bars(values: readonly Value[], alt: string): TemplateResult {
  const [left, row] = [260, 26];
  const axis = ticks(Math.min(0, ...values.map(({ value }) => value)), Math.max(0, ...values.map(({ value }) => value)));
  const [least, most] = [axis[0] ?? 0, axis.at(-1) ?? 1];
  const x = (value: number): number => left + ((value - least) / (most - least || 1)) * (WIDTH - left - 60);
  const height = values.length * row + 30;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label=${alt}>
    ${axis.map((tick) => svg`<line class="grid" x1=${x(tick)} x2=${x(tick)} y1="0" y2=${height - 24} />
      <text x=${x(tick)} y=${height - 6} text-anchor="middle">${number(tick)}</text>`)}
    ${values.map(({ label, value }, n) => svg`<text x=${left - 8} y=${n * row + 18} text-anchor="end">${cut(label, 34)}</text>
      <rect class="bar" x=${Math.min(x(0), x(value))} y=${n * row + 4} width=${Math.abs(x(value) - x(0))} height=${row - 8}><title>${label}: ${number(value)}</title></rect>
      <text x=${Math.max(x(0), x(value)) + 5} y=${n * row + 18}>${number(value)}</text>`)}
  </svg>`;
}

function line(values: readonly Value[], alt: string): TemplateResult {
  const [left, top, height] = [70, 12, 360];
  const all = values.map(({ value }) => value);
  const axis = ticks(all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), -Infinity));
  const [least, most] = [axis[0] ?? 0, axis.at(-1) ?? 1];
  const [first, last] = [values[0]?.at ?? 0, values.at(-1)?.at ?? 1];
  const x = (at: number): number => left + ((at - first) / (last - first || 1)) * (WIDTH - left - 20);
  const y = (value: number): number => height - 40 - ((value - least) / (most - least || 1)) * (height - 40 - top);
  const points = values.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label=${alt}>
    ${axis.map((tick) => svg`<line class="grid" x1=${left} x2=${WIDTH - 20} y1=${y(tick)} y2=${y(tick)} />
      <text x=${left - 8} y=${y(tick) + 4} text-anchor="end">${number(tick)}</text>`)}
    <polyline class="line" points=${points} />
    ${values.length > 100 ? nothing : values.map(({ label, at, value }) => svg`
      <circle class="point" cx=${x(at)} cy=${y(value)} r="4"><title>${label}: ${number(value)}</title></circle>`)}
    <text x=${left} y=${height - 14}>${cut(values[0]?.label ?? "", 36)}</text>
    <text x=${WIDTH - 20} y=${height - 14} text-anchor="end">${cut(values.at(-1)?.label ?? "", 36)}</text>
  </svg>`;
}

/** A list to choose from, with its label. */
function choice(label: string | undefined, options: readonly (readonly [string, string])[], chosen: string, change: (value: string) => void) {
  const pick = (event: Event): void => change((event.target as HTMLSelectElement).value);
  return html`<label>${label} <select @change=${pick}>${options.map(([value, text]) => html`
    <option value=${value} ?selected=${value === chosen}>${text}</option>`)}</select></label>`;
}

/** The chart, what it is made of, and its values. */
export function chart(results: Results, { words, prefixes, view, change }: ChartOptions): TemplateResult {
  const values = valuesOf(results, view, prefixes);
  const [label, value] = [results.columns[view.label] ?? "", results.columns[view.value] ?? ""];
  const all = values.map((one) => one.value);
  const [least, most] = [all.reduce((a, b) => Math.min(a, b), Infinity), all.reduce((a, b) => Math.max(a, b), -Infinity)];
  const alt = say(words, "sparql-chart-alt", { label, value, n: values.length, least, most });
  const named = (columns: readonly number[]) => columns.map((n) => [String(n), results.columns[n] ?? ""] as const);
  const kinds = [["bars", words["sparql-chart-bars"] ?? ""], ["line", words["sparql-chart-line"] ?? ""]] as const;
  return html`
    <div class="sparql-choices">
      ${choice(words["sparql-chart-label"], named(results.columns.map((_, n) => n)), String(view.label), (n) => change({ ...view, label: Number(n) }))}
      ${choice(words["sparql-chart-value"], named(numeric(results)), String(view.value), (n) => change({ ...view, value: Number(n) }))}
      ${choice(words["sparql-chart-kind"], kinds, view.kind, (kind) => change({ ...view, kind: kind === "line" ? "line" : "bars" }))}
    </div>
    <figure>
      ${view.kind === "line" ? line(values, alt) : bars(values, alt)}
      <figcaption>${alt}${values.length < results.rows.length
        ? html` ${say(words, "sparql-chart-part", { n: values.length, all: results.rows.length })}` : nothing}</figcaption>
    </figure>
    <details>
      <summary>${words["sparql-chart-table"]}</summary>
      <div class="scroll" tabindex="0" role="region" aria-label=${words["sparql-chart-table"] ?? ""}><table>
        <thead><tr><th scope="col">${label}</th><th scope="col">${value}</th></tr></thead>
        <tbody>${values.map((one) => html`<tr><th scope="row">${one.label}</th><td class="number">${number(one.value)}</td></tr>`)}</tbody>
      </table></div>
    </details>`;
}
