// Everything that the pages use in the browser. Each part is a custom element: a page without scripts shows what is
// inside it.
import "./map.ts";
