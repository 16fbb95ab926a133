// What the endpoint answers, as rows: SPARQL 1.1 Query Results JSON, and graphs as expanded JSON-LD.

/** An RDF term, as SPARQL 1.1 Query Results JSON has it. */
export interface Term {
  readonly type: "uri" | "literal" | "bnode";
  readonly value: string;
  readonly datatype?: string;
  readonly language?: string;
}

export type Row = readonly (Term | undefined)[];

export interface Results {
  /** `rows` of SELECT, `truth` of ASK, `triples` of CONSTRUCT and DESCRIBE. */
  readonly kind: "rows" | "truth" | "triples";
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly truth: boolean;
}

const XSD = "http://www.w3.org/2001/XMLSchema#";
const RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
export const WKT = "http://www.opengis.net/ont/geosparql#wktLiteral";

const NUMBERS = new Set(
  ["integer", "decimal", "double", "float", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger",
    "nonPositiveInteger", "negativeInteger", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"]
    .map((name) => XSD + name),
);
const TIMES = new Set(["dateTime", "date", "gYear", "gYearMonth"].map((name) => XSD + name));

/** The number that a term says; `undefined` for what is none. */
export function numberOf(term: Term | undefined): number | undefined {
  if (!term?.datatype || !NUMBERS.has(term.datatype) || term.value === "") return undefined;
  const value = Number(term.value);
  return Number.isFinite(value) ? value : undefined;
}

/** The instant that a term says, in milliseconds since 1970. */
export function timeOf(term: Term | undefined): number | undefined {
  if (!term?.datatype || !TIMES.has(term.datatype)) return undefined;
  const value = Date.parse(term.value);
  return Number.isNaN(value) ? undefined : value;
}

type JsonTerm = { type?: unknown; value?: unknown; datatype?: unknown; "xml:lang"?: unknown };

function termOf(json: JsonTerm | undefined): Term | undefined {
  if (!json) return undefined;
  // A triple as a term (SPARQL 1.2) is an object: it is shown as it came.
  const value = typeof json.value === "string" ? json.value : JSON.stringify(json.value);
  const type = json.type === "uri" || json.type === "bnode" ? json.type : "literal";
  return {
    type,
    value,
    ...(typeof json.datatype === "string" ? { datatype: json.datatype } : {}),
    ...(typeof json["xml:lang"] === "string" ? { language: json["xml:lang"] } : {}),
  };
}

/** Reads `application/sparql-results+json`. */
export function readResults(json: unknown): Results {
  const { head, results, boolean } = json as {
    head?: { vars?: string[] };
    results?: { bindings?: Record<string, JsonTerm>[] };
    boolean?: boolean;
  };
  if (typeof boolean === "boolean") return { kind: "truth", columns: [], rows: [], truth: boolean };
  const columns = head?.vars ?? [];
  const rows = (results?.bindings ?? []).map((binding) => columns.map((name) => termOf(binding[name])));
  return { kind: "rows", columns, rows, truth: false };
}

type JsonLdValue = { "@id"?: string; "@value"?: unknown; "@type"?: string; "@language"?: string };

function objectOf(value: JsonLdValue): Term {
  if (value["@id"] !== undefined) return { type: value["@id"].startsWith("_:") ? "bnode" : "uri", value: value["@id"] };
  const native = value["@value"];
  const datatype = value["@type"] ??
    (typeof native === "boolean" ? `${XSD}boolean` : typeof native !== "number" ? undefined
      : `${XSD}${Number.isInteger(native) ? "integer" : "double"}`);
  return {
    type: "literal",
    value: String(native),
    ...(datatype ? { datatype } : {}),
    ...(value["@language"] ? { language: value["@language"] } : {}),
  };
}

/** Reads expanded JSON-LD as triples; `columns` are the names of subject, predicate and object. */
export function readGraph(json: unknown, columns: readonly [string, string, string]): Results {
  const rows: Row[] = [];
  for (const node of json as Record<string, unknown>[]) {
    const subject = objectOf({ "@id": String(node["@id"]) });
    for (const [name, values] of Object.entries(node)) {
      if (name === "@id" || !Array.isArray(values)) continue;
      const predicate: Term = { type: "uri", value: name === "@type" ? RDF_TYPE : name };
      for (const value of values as (string | JsonLdValue)[]) {
        rows.push([subject, predicate, objectOf(typeof value === "string" ? { "@id": value } : value)]);
      }
    }
  }
  return { kind: "triples", columns, rows, truth: false };
}
