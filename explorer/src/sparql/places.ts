// Rows as places on a map: each value of type geo:wktLiteral is one.
import { wktToGeoJSON } from "@terraformer/wkt";
import type { Feature, FeatureCollection, Geometry } from "geojson";

import { pageOf, subjectOf, type Places } from "./links.ts";
import { WKT, type Results, type Row } from "./results.ts";

export interface Found {
  readonly places: FeatureCollection;
  /** How many values could not be read. */
  readonly skipped: number;
}

const CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/** A geo:wktLiteral in WGS 84 with longitude first, as those without the name of a system are. */
function geometry(text: string): Geometry | undefined {
  const named = /^\s*<([^>]*)>\s*/.exec(text);
  if (named && named[1] !== CRS84) return undefined;
  try {
    const read = wktToGeoJSON(text.slice(named?.[0].length ?? 0)) as Geometry;
    return read.type === "GeometryCollection" || areNumbers(read.coordinates) ? read : undefined;
  } catch {
    return undefined;
  }
}

function areNumbers(coordinates: unknown): boolean {
  return Array.isArray(coordinates) ? coordinates.length > 0 && coordinates.every(areNumbers)
    : typeof coordinates === "number" && Number.isFinite(coordinates);
}

/** What a row calls itself: its first text that is no place. */
function nameOf(row: Row): string | undefined {
  const texts = row.filter((term) => term?.type === "literal" && term.datatype !== WKT);
  const plain = texts.find((term) => term?.language !== undefined) ?? texts[0];
  return plain?.value;
}

/** The places in the rows; `undefined` when no column has any. */
export function placesOf({ rows, columns }: Results, where: Places): Found | undefined {
  const features: Feature[] = [];
  const located = columns.map((_, column) => column).filter((column) => rows.some((row) => row[column]?.datatype === WKT));
  if (located.length === 0) return undefined;
  let skipped = 0;
  for (const row of rows) {
    const subject = subjectOf(row, where);
    const name = nameOf(row) ?? subject?.value ?? "";
    const href = subject && pageOf(subject.value, where);
    for (const column of located) {
      const term = row[column];
      if (term?.datatype !== WKT) continue;
      const shape = geometry(term.value);
      if (shape) features.push({ type: "Feature", geometry: shape, properties: { name, ...(href ? { href } : {}) } });
      else skipped += 1;
    }
  }
  return { places: { type: "FeatureCollection", features }, skipped };
}
