// The parts of the pages that run in the browser. Each is a custom element: a page without scripts shows what is inside
// it. A part is loaded by the pages that have it only, since maps and editors are large.
const PARTS: Record<string, () => Promise<unknown>> = {
  "hiroba-map": () => import("./map.ts"),
  "hiroba-sparql": () => import("./sparql/page.ts"),
};

for (const [name, load] of Object.entries(PARTS)) {
  if (document.querySelector(name)) load().catch((error: unknown) => console.error(`${name} cannot be loaded`, error));
}
