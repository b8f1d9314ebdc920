import { LineCounter, isMap, isNode, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, ParsedNode } from 'yaml';

/** A mistake in a file that a person wrote; lines and columns count from 1. */
export interface FileIssue {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Member names and list places, from the top. */
export type ValuePath = readonly (string | number)[];

/** A YAML file's value and where each part of it stands. */
export interface YamlFile {
  readonly value: unknown;
  /** Mistakes of syntax; the value is of no use where there are any. */
  readonly issues: readonly FileIssue[];
  /**
   * Where the value at `path` begins; the nearest part around it where it is missing. `key`: where
   * its name stands instead.
   */
  issueAt(path: ValuePath, message: string, options?: { readonly key?: boolean }): FileIssue;
}

/** Larger files are not profiles or jigs. */
const MOST_CHARACTERS = 256 * 1024;

const ADRIFT = 'UNEXPECTED_TOKEN';
const QUOTES = ': text with { } [ ] , : or # in it may need quotes';

/** Reads YAML 1.2, one document. Aliases are refused: nothing here needs them, and they can grow without bound. */
export function parseYamlFile(text: string): YamlFile {
  if (text.length > MOST_CHARACTERS) {
    return failed('the file is larger than 256 KiB');
  }
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: true,
    stringKeys: true,
    maxAliasCount: 0,
  } as Parameters<typeof parseDocument>[1]) as Document.Parsed;
  const place = (offset: number, message: string): FileIssue => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col), message };
  };
  const errors = untilAdrift(document.errors);
  const issues = [...errors, ...document.warnings].map(({ code, pos, message }) =>
    place(pos[0], firstLine(message) + (code === ADRIFT ? QUOTES : '')),
  );
  let value: unknown;
  if (issues.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 0 });
    } catch {
      issues.push(place(0, 'aliases (*name) are not taken here; write the value out'));
    }
  }
  return {
    value,
    issues,
    issueAt: (path, message, { key = false } = {}) =>
      place(offsetOf(document.contents, path, key), message),
  };
}

function failed(message: string): YamlFile {
  const issue = { line: 1, column: 1, message };
  return { value: undefined, issues: [issue], issueAt: () => issue };
}

function offsetOf(root: ParsedNode | null, path: ValuePath, wantsKey: boolean): number {
  let node: unknown = root;
  let offset = root?.range[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    let child: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === String(step));
      if (!isPair(pair)) return offset;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      if (isLast && wantsKey) return offset;
      child = pair.value;
    } else if (isSeq(node)) {
      child = node.items[Number(step)];
    }
    if (!isNode(child)) return offset;
    offset = child.range?.[0] ?? offset;
    node = child;
  }
  return offset;
}

/** Once it meets what belongs nowhere, the parser takes all that follows for more of it. */
function untilAdrift(errors: Document.Parsed['errors']): Document.Parsed['errors'] {
  const at = errors.findIndex(({ code }) => code === ADRIFT);
  return at === -1 ? errors : errors.slice(0, at + 1);
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? text).replace(/[.:]\s*$/, '');
}
