// Asking the endpoint, which is this server's own.
import { readGraph, readResults, type Results } from "./results.ts";

/** How many bytes of an answer are shown. More can be downloaded. */
const MOST_BYTES = 64 << 20;

const RESULTS = "application/sparql-results+json";
const GRAPH = "application/ld+json";

/** Why there is no answer. `kind` is the last part of the problem's type. */
export class Refusal extends Error {
  constructor(
    readonly kind: string,
    detail: string,
    readonly place?: { line: number; column: number },
  ) {
    super(detail);
  }
}

/** Sends a query. Throws a {@link Refusal}, or an AbortError when it is stopped. */
async function send(endpoint: string, query: string, accept: string, signal: AbortSignal): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(endpoint, {
      method: "POST",
      headers: { accept, "content-type": "application/sparql-query" },
      body: query,
      signal,
    });
  } catch (error) {
    throw signal.aborted ? error : new Refusal("unreachable", String(error));
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function refusal(answer: Response): Promise<Refusal> {
  const text = await answer.text();
  let problem: { type?: string; title?: string; detail?: string; line?: number; column?: number };
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    problem = { detail: text.slice(0, 1_000) };
  }
  const kind = answer.status === 502 || answer.status === 404 ? "unreachable" : (problem.type ?? "").split(":").at(-1);
  const { line, column } = problem;
  const place = typeof line === "number" && typeof column === "number" ? { line, column } : undefined;
  return new Refusal(kind ?? "", problem.detail ?? problem.title ?? `${answer.status} ${answer.statusText}`, place);
}

/** The body as text, up to a limit. */
async function text(answer: Response, most: number): Promise<string> {
  const reader = answer.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return parts.join("") + decoder.decode();
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new Refusal("too-large", `> ${most} bytes`);
    }
    parts.push(decoder.decode(value, { stream: true }));
  }
}

/** The answer to a query, as rows. `triple` names the columns of a graph. */
export async function ask(
  endpoint: string,
  query: string,
  triple: readonly [string, string, string],
  signal: AbortSignal,
): Promise<Results> {
  const answer = await send(endpoint, query, `${RESULTS}, ${GRAPH}`, signal);
  const isGraph = answer.headers.get("content-type")?.startsWith(GRAPH) ?? false;
  let body: string;
  let json: unknown;
  try {
    body = await text(answer, MOST_BYTES);
    json = JSON.parse(body);
  } catch (error) {
    // An answer that was broken off: its time or its rows were used up.
    throw signal.aborted || error instanceof Refusal ? error : new Refusal("timeout", String(error));
  }
  return isGraph ? readGraph(json, triple) : readResults(json);
}

/** A form in which results can be had as a file. */
export interface Form {
  readonly label: string;
  readonly media: string;
  readonly ending: string;
}

const ROWS: readonly Form[] = [
  { label: "CSV", media: "text/csv", ending: "csv" },
  { label: "TSV", media: "text/tab-separated-values", ending: "tsv" },
  { label: "JSON", media: RESULTS, ending: "srj" },
  { label: "XML", media: "application/sparql-results+xml", ending: "srx" },
];
const TRIPLES: readonly Form[] = [
  { label: "Turtle", media: "text/turtle", ending: "ttl" },
  { label: "N-Triples", media: "application/n-triples", ending: "nt" },
  { label: "JSON-LD", media: GRAPH, ending: "jsonld" },
  { label: "RDF/XML", media: "application/rdf+xml", ending: "rdf" },
  { label: "TriG", media: "application/trig", ending: "trig" },
  { label: "N-Quads", media: "application/n-quads", ending: "nq" },
];

/** The forms of what a query answers with. */
export function formsOf(kind: Results["kind"]): readonly Form[] {
  return kind === "triples" ? TRIPLES : ROWS;
}

/** Asks again in another form, and gives the answer to the browser as a file. */
export async function download(endpoint: string, query: string, form: Form, signal: AbortSignal): Promise<void> {
  const file = await (await send(endpoint, query, form.media, signal)).blob();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `results.${form.ending}`;
  link.click();
  // The browser has taken the file by the next turn at the latest.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
