import type { Row, Term } from "./results.ts";

/** Where things have their pages. */
export interface Places {
  /** What precedes the id of an entity in the path of its page. */
  readonly entityBase: string;
  /** What precedes the name of a type. */
  readonly typeBase: string;
  /** The types that have a page. */
  readonly types: ReadonlySet<string>;
}

/** The page of what an IRI names: an entity's here, others where they are. Nothing else is ever a link. */
export function pageOf(iri: string, places: Places): string | undefined {
  if (places.types.has(iri)) return places.typeBase + encodeURIComponent(iri);
  // Nodes of an entity are named below it, after a '#'.
  if (/^urn:/i.test(iri)) return places.entityBase + encodeURIComponent(iri.split("#", 1)[0] ?? iri);
  return /^https?:\/\//i.test(iri) ? iri : undefined;
}

/** An IRI in short: with a prefix, where there is one for it. */
export function shorten(iri: string, prefixes: Readonly<Record<string, string>>): string {
  for (const [prefix, namespace] of Object.entries(prefixes)) {
    const rest = iri.slice(namespace.length);
    if (iri.startsWith(namespace) && /^[\w-]+$/.test(rest)) return `${prefix}:${rest}`;
  }
  return iri;
}

/** What a row is about: its first IRI that has a page. */
export function subjectOf(row: Row, places: Places): Term | undefined {
  return row.find((term) => term?.type === "uri" && pageOf(term.value, places) !== undefined);
}
