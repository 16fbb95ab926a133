// The query in the fragment of the page's address: it can be shared, and is not in the logs of any server on the way.

export interface Shared {
  readonly query?: string;
  readonly view?: string;
}

/** Reads `#query=…&view=…`, as YASGUI writes it too. */
export function readShared(hash: string): Shared {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const [query, view] = [values.get("query"), values.get("view")];
  return { ...(query !== null ? { query } : {}), ...(view !== null ? { view } : {}) };
}

/** Writes it to the address, and to the link to the page in the other language. */
export function share({ query = "", view = "table" }: Shared): void {
  const hash = `#${new URLSearchParams(view === "table" ? { query } : { query, view }).toString()}`;
  // What came as ?query= is in the fragment from now on.
  const address = new URL(location.href);
  address.searchParams.delete("query");
  address.hash = hash;
  history.replaceState(history.state, "", address);
  for (const link of document.querySelectorAll<HTMLAnchorElement>("header a[hreflang]")) {
    const other = new URL(link.href);
    other.searchParams.delete("query");
    other.hash = hash;
    link.href = other.href;
  }
}
