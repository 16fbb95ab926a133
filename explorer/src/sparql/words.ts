/** Sentences in the page's language, by key. The server has them, so that they are in one place. */
export type Words = Readonly<Record<string, string>>;

/** A sentence with its gaps filled: `{name}` becomes the value. */
export function say(words: Words, key: string, gaps: Record<string, string | number> = {}): string {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (gap, name: string) => {
    const value = gaps[name];
    return value === undefined ? gap : typeof value === "number" ? number(value) : value;
  });
}

/** A number as the page's language writes it. */
export function number(value: number): string {
  return value.toLocaleString(document.documentElement.lang || undefined, { maximumFractionDigits: 6 });
}
