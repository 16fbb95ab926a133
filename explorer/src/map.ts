// <hiroba-map src="…geojson" entity-base="/entities/" label="…">: the places of a data set on a map, from this server
// alone. A script may give the places themselves. The table on the same page says the same; what is in view is told beside the map for those who cannot see it.
import type { Feature, FeatureCollection, Point } from "geojson";
import { LitElement, css, html, unsafeCSS } from "lit";
import type { GeoJSONSource, MapGeoJSONFeature, StyleSpecification } from "maplibre-gl";
import { LngLatBounds, Map as MapLibre, NavigationControl, Popup, ScaleControl, setWorkerUrl } from "maplibre-gl";
import mapStyles from "maplibre-gl/dist/maplibre-gl.css?inline";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";

import { graticule } from "./graticule.ts";

const SOURCE = "places";

setWorkerUrl(workerUrl);

/** The style of the map: a plain background and lines of latitude and longitude. Nothing comes from elsewhere. */
function style(dark: boolean): StyleSpecification {
  return {
    version: 8,
    sources: { graticule: { type: "geojson", data: graticule() } },
    layers: [
      { id: "background", type: "background", paint: { "background-color": dark ? "#1b2430" : "#eef2f5" } },
      {
        id: "graticule",
        type: "line",
        source: "graticule",
        paint: { "line-color": dark ? "#33404f" : "#cfd8e0", "line-width": 1 },
      },
    ],
  };
}

function boundsOf(features: Feature[]): LngLatBounds | undefined {
  const bounds = new LngLatBounds();
  const visit = (coordinates: unknown): void => {
    if (!Array.isArray(coordinates)) return;
    const [x, y] = coordinates as unknown[];
    if (typeof x === "number" && typeof y === "number") bounds.extend([x, y]);
    else coordinates.forEach(visit);
  };
  for (const { geometry } of features) if (geometry && "coordinates" in geometry) visit(geometry.coordinates);
  return bounds.isEmpty() ? undefined : bounds;
}

class HirobaMap extends LitElement {
  static override properties = {
    src: { type: String },
    places: { attribute: false },
    entityBase: { type: String, attribute: "entity-base" },
    label: { type: String },
    inView: { type: String, attribute: "in-view" },
    failed: { type: String },
    shown: { state: true },
    problem: { state: true },
  };

  static override styles = [
    unsafeCSS(mapStyles),
    css`
      :host { display: block; }
      #map { height: min(60vh, 32rem); border: 1px solid var(--line, #889); border-radius: 0.25rem; }
      #map:focus-within { outline: 3px solid var(--focus, #0b57d0); }
      p { margin: 0.25rem 0; }
      .maplibregl-popup-content { color: #111; font: inherit; }
      a { color: #0b57d0; }
    `,
  ];

  declare src: string;
  /** The places, in place of `src`. */
  declare places: FeatureCollection | undefined;
  declare entityBase: string;
  declare label: string;
  /** The sentence that counts what is in view, with {n} for the number. */
  declare inView: string;
  /** What to say when there is no map to be had. */
  declare failed: string;
  declare shown: string;
  declare problem: boolean;
  #map: MapLibre | undefined;

  constructor() {
    super();
    this.src = "";
    this.entityBase = "/entities/";
    this.label = "";
    this.inView = "{n}";
    this.failed = "";
    this.shown = "";
    this.problem = false;
  }

  override render() {
    if (this.problem) return html`<p role="status">${this.failed}</p>`;
    return html`<div id="map"></div>
      <p role="status" aria-live="polite">${this.shown}</p>`;
  }

  override async firstUpdated(): Promise<void> {
    try {
      this.#draw(this.places ?? (await this.#fetch()));
    } catch (error) {
      console.warn("no map", error);
      this.problem = true;
    }
  }

  async #fetch(): Promise<FeatureCollection> {
    const answer = await fetch(this.src, { headers: { accept: "application/geo+json" } });
    if (!answer.ok) throw new Error(`${this.src}: ${answer.status}`);
    return (await answer.json()) as FeatureCollection;
  }

  override disconnectedCallback(): void {
    this.#map?.remove();
    super.disconnectedCallback();
  }

  #draw(places: FeatureCollection): void {
    const container = this.renderRoot.querySelector<HTMLElement>("#map");
    if (!container) return;
    const features = places.features.filter((feature) => feature.geometry);
    const bounds = boundsOf(features);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const map = new MapLibre({
      container,
      style: style(matchMedia("(prefers-color-scheme: dark)").matches),
      ...(bounds ? { bounds, fitBoundsOptions: { padding: 40, maxZoom: 16 } } : { center: [138, 37], zoom: 4 }),
      attributionControl: false,
      fadeDuration: still ? 0 : 300,
      locale: { "Map.Title": this.label },
    });
    this.#map = map;
    map.addControl(new NavigationControl({ visualizePitch: false }));
    map.addControl(new ScaleControl({ unit: "metric" }));
    map.on("load", () => {
      map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features } });
      map.addLayer({
        id: "areas",
        type: "fill",
        source: SOURCE,
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": "#c2410c", "fill-opacity": 0.3 },
      });
      map.addLayer({
        id: "lines",
        type: "line",
        source: SOURCE,
        filter: ["!=", ["geometry-type"], "Point"],
        paint: { "line-color": "#c2410c", "line-width": 2 },
      });
      map.addLayer({
        id: "points",
        type: "circle",
        source: SOURCE,
        filter: ["==", ["geometry-type"], "Point"],
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 3, 14, 8],
          "circle-color": "#c2410c",
          "circle-stroke-color": "#ffffff",
          "circle-stroke-width": 1.5,
        },
      });
      this.#tell(features);
      this.dataset["state"] = "ready";
    });
    map.on("moveend", () => this.#tell(features));
    for (const layer of ["points", "lines", "areas"]) {
      map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
      map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
      map.on("click", layer, (event) => {
        const feature = event.features?.[0];
        if (feature) new Popup({ maxWidth: "20rem" }).setLngLat(event.lngLat).setDOMContent(this.#card(feature)).addTo(map);
      });
    }
  }

  /** A name and the way to all that is known. Built as nodes, so that no value is ever read as HTML. */
  #card({ properties }: MapGeoJSONFeature): HTMLElement {
    const id = properties["id"] as string | undefined;
    const href = (properties["href"] as string | undefined) ?? (id && this.entityBase + encodeURIComponent(id));
    const card = document.createElement(href ? "a" : "span");
    if (card instanceof HTMLAnchorElement && href) card.href = href;
    card.textContent = String(properties["name"] ?? id ?? "");
    return card;
  }

  #tell(features: Feature[]): void {
    const bounds = this.#map?.getBounds();
    if (!bounds) return;
    const visible = features.filter(({ geometry }) => {
      if (geometry.type !== "Point") return true;
      const [x, y] = (geometry as Point).coordinates;
      return x !== undefined && y !== undefined && bounds.contains([x, y]);
    });
    this.shown = this.inView.replace("{n}", visible.length.toLocaleString(document.documentElement.lang));
  }
}

customElements.define("hiroba-map", HirobaMap);
