import type { Feature, FeatureCollection, LineString } from "geojson";

/** Lines of latitude and longitude: every degree around Japan, every ten elsewhere. */
export function graticule(): FeatureCollection<LineString> {
  const features: Feature<LineString>[] = [];
  const line = (coordinates: [number, number][]): void => {
    features.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } });
  };
  for (let x = -180; x <= 180; x += 10) line([[x, -85], [x, 85]]);
  for (let y = -80; y <= 80; y += 10) line([[-180, y], [180, y]]);
  for (let x = 122; x <= 154; x += 1) line([[x, 20], [x, 46]]);
  for (let y = 20; y <= 46; y += 1) line([[122, y], [154, y]]);
  return { type: "FeatureCollection", features };
}
