// The package has no types of its own.
declare module "@terraformer/wkt" {
  /** Throws an Error where the text is no WKT. */
  export function wktToGeoJSON(text: string): object;
}
