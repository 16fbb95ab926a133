// The editor: YASQE, without whatever in it asks other hosts, keeps something in the browser, or holds the Tab key.
import Yasqe from "@zazuko/yasqe";
import "@zazuko/yasqe/build/yasqe.min.css";

/** What the editor completes. */
export interface Completions {
  /** Namespaces by prefix, when they are known. */
  readonly prefixes: Promise<Readonly<Record<string, string>>>;
  readonly classes: readonly string[];
  readonly properties: readonly string[];
}

/** Properties that the sidecar adds to the attributes of entities, or writes in their place. */
const STRUCTURE = [
  "http://www.opengis.net/ont/geosparql#hasGeometry",
  "http://www.opengis.net/ont/geosparql#hasDefaultGeometry",
  "http://www.opengis.net/ont/geosparql#asWKT",
  "http://www.w3.org/2003/01/geo/wgs84_pos#lat",
  "http://www.w3.org/2003/01/geo/wgs84_pos#long",
  "http://purl.org/dc/terms/created",
  "http://purl.org/dc/terms/modified",
  "http://rdfs.org/ns/void#inDataset",
  "http://www.w3.org/1999/02/22-rdf-syntax-ns#type",
  ...["hasValue", "hasObject", "observedAt", "unitCode", "datasetId", "createdAt", "modifiedAt"].map(
    (name) => `https://uri.etsi.org/ngsi-ld/${name}`,
  ),
];

const MOST_HINTS = 100;

/** Those that begin with a text, or whose last part does. */
function matching(iris: readonly string[], text: string): string[] {
  const wanted = text.toLowerCase();
  const found = iris.filter((iri) => iri.toLowerCase().startsWith(wanted) ||
    (iri.split(/[/#:]/).at(-1) ?? "").toLowerCase().startsWith(wanted));
  return found.slice(0, MOST_HINTS);
}

function completers({ prefixes, classes, properties }: Completions): string[] {
  const declarations = prefixes.then((known) =>
    Object.entries(known).map(([prefix, namespace]) => `${prefix}: <${namespace}>`).sort());
  // Kept in memory only: what the endpoint declares may change.
  const own = { persistenceId: null } as const;
  Yasqe.forkAutocompleter("prefixes", { ...own, name: "declared-prefixes", get: () => declarations }, false);
  const names = (kind: "class" | "property", iris: readonly string[]): void =>
    Yasqe.forkAutocompleter(
      kind,
      { ...own, name: `known-${kind}`, get: (_, token) => matching(iris, token?.autocompletionString ?? "") },
      false,
    );
  names("class", classes);
  names("property", [...new Set([...properties, ...STRUCTURE])]);
  return ["declared-prefixes", "known-property", "known-class", "variables"];
}

export interface Options {
  readonly value: string;
  readonly label: string;
  /** Says that Ctrl+Space completes. */
  readonly hint: string;
  readonly completions: Completions;
  readonly onRun: () => void;
}

export class Editor {
  readonly #yasqe: Yasqe;
  #wrong: { clear(): void } | undefined;

  constructor(parent: HTMLElement, { value, label, hint, completions, onRun }: Options) {
    // YASQE merges lists with its own by position, so they are replaced in the defaults.
    Yasqe.defaults.autocompleters = completers(completions);
    Yasqe.defaults.gutters = ["gutterErrorBar", "CodeMirror-linenumbers"];
    Yasqe.defaults.foldGutter = false;
    Yasqe.defaults.extraKeys = {};
    // Its types want functions, and know nothing of CodeMirror's options; its code looks whether there are any.
    const options = {
      value,
      createShareableLink: null,
      consumeShareLink: null,
      persistenceId: null,
      prefixCcApi: null,
      showQueryButton: false,
      resizeable: false,
      editorHeight: "auto",
      // What screen readers can read, unlike the hidden field that is the default.
      inputStyle: "contenteditable",
      screenReaderLabel: label,
      extraKeys: {
        "Ctrl-Enter": onRun,
        "Cmd-Enter": onRun,
        "Ctrl-Space": () => this.#yasqe.autocomplete(),
        "Ctrl-/": () => this.#yasqe.commentLines(),
        // Tab leaves the editor (WCAG 2.1.2).
        Tab: false,
        "Shift-Tab": false,
      },
    };
    this.#yasqe = new Yasqe(parent, options as object);
    // CodeMirror calls it mere presentation.
    const field = this.#yasqe.getInputField();
    field.setAttribute("role", "textbox");
    field.setAttribute("aria-multiline", "true");
    const notify = this.#yasqe.showNotification.bind(this.#yasqe);
    this.#yasqe.showNotification = (key) => notify(key, hint);
    this.#yasqe.on("change", () => this.#forgive());
  }

  get value(): string {
    return this.#yasqe.getValue();
  }

  set value(query: string) {
    if (query !== this.value) this.#yasqe.setValue(query);
  }

  /** Marks where a mistake is; line and column are counted from 1, columns in characters. */
  blame(line: number, column: number): void {
    this.#forgive();
    const ch = this.#unit(line, column);
    const document = this.#yasqe.getDoc();
    this.#wrong = document.markText(
      { line: line - 1, ch: Math.max(0, ch - 1) },
      { line: line - 1, ch: ch + 1 },
      { className: "sparql-wrong" },
    );
  }

  /** Puts the cursor there. */
  goTo(line: number, column: number): void {
    this.#yasqe.getDoc().setCursor({ line: line - 1, ch: this.#unit(line, column) });
    this.#yasqe.focus();
  }

  #forgive(): void {
    this.#wrong?.clear();
    this.#wrong = undefined;
  }

  /** The index in a line, in UTF-16 code units, of a column. */
  #unit(line: number, column: number): number {
    const characters = [...(this.#yasqe.getDoc().getLine(line - 1) ?? "")];
    return characters.slice(0, column - 1).join("").length;
  }
}
