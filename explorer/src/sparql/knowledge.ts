// What the endpoint tells of itself: example queries and prefixes, in SHACL's words.
import { ask } from "./endpoint.ts";

export interface Example {
  readonly label: string;
  readonly query: string;
}

export interface Knowledge {
  readonly examples: readonly Example[];
  /** Namespaces by prefix. */
  readonly prefixes: Readonly<Record<string, string>>;
}

const EXAMPLES = `PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?example ?query ?text {
  ?example a sh:SPARQLExecutable ; sh:select|sh:ask|sh:construct|sh:describe ?query ; rdfs:label|rdfs:comment ?text .
} ORDER BY ?example LIMIT 1000`;

const PREFIXES = `PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT ?prefix ?namespace { ?set sh:declare [ sh:prefix ?prefix ; sh:namespace ?namespace ] } LIMIT 1000`;

const NONE = ["", "", ""] as const;

/** Asks for both. The examples are described in the page's language where they can be. */
export async function learn(endpoint: string, language: string, signal: AbortSignal): Promise<Knowledge> {
  const [examples, prefixes] = await Promise.all([
    ask(endpoint, EXAMPLES, NONE, signal),
    ask(endpoint, PREFIXES, NONE, signal),
  ]);
  const found = new Map<string, Example>();
  for (const [example, query, text] of examples.rows) {
    if (!example || !query || !text) continue;
    const known = found.get(example.value);
    if (!known || text.language === language) found.set(example.value, { label: text.value, query: query.value });
  }
  const declared = prefixes.rows.flatMap(([prefix, namespace]) =>
    prefix && namespace ? [[prefix.value, namespace.value] as const] : []);
  return { examples: [...found.values()], prefixes: Object.fromEntries(declared) };
}
