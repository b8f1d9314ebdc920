/** A row of NDJSON as names and values in their order, or what is wrong with it. */
export type JsonRow =
  | { readonly names: readonly string[]; readonly values: readonly unknown[] }
  | { readonly problem: 'not-json' }
  | { readonly problem: 'repeated-column'; readonly name: string };

/** A string, and the colon that makes it a name. A flat object has no names deeper down. */
const STRING = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;

/** Parses one line of NDJSON, which must be a flat object. `JSON.parse` alone would keep the last of two names. */
export function parseJsonRow(text: string): JsonRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'not-json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problem: 'not-json' };
  }
  const names = Object.keys(value);
  const written = [...text.matchAll(STRING)].filter((match) => match[2] !== undefined);
  if (written.length !== names.length) {
    const seen = written.map((match) => match[1] ?? '');
    const name = seen.find((one, at) => seen.indexOf(one) !== at) ?? '';
    return { problem: 'repeated-column', name };
  }
  return { names, values: Object.values(value) };
}
