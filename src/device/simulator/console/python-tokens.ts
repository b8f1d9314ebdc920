/** What a line is not. */
export class PySyntaxError extends Error {}

/** A piece of a line; of a text or bytes what stands between the quotes. */
export interface PyToken {
  readonly kind: 'name' | 'number' | 'text' | 'bytes' | 'operator' | 'end';
  readonly text: string;
}

const TOKEN =
  /\s*(?:(?<number>0x[0-9a-fA-F]+|\d+)|(?<bytes>b"(?:[^"\\]|\\.)*"|b'(?:[^'\\]|\\.)*')|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<name>[A-Za-z_]\w*)|(?<operator>==|!=|<=|>=|\/\/|[-+*%^&|<>=()[\],.:;]))/y;

/** The tokens of a line, without the end. Throws PySyntaxError. */
export function pythonTokens(line: string): PyToken[] {
  const tokens: PyToken[] = [];
  const text = line.trim();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const groups = TOKEN.exec(text)?.groups;
    if (!groups) throw new PySyntaxError();
    for (const kind of ['number', 'bytes', 'text', 'name', 'operator'] as const) {
      const found = groups[kind];
      if (found === undefined) continue;
      const isQuoted = kind === 'text' || kind === 'bytes';
      tokens.push({ kind, text: isQuoted ? found.replace(/^b/, '').slice(1, -1) : found });
    }
  }
  return tokens;
}

/** What the text between quotes stands for. */
export function unescaped(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_all, escape: string) => {
    if (escape.startsWith('x')) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t' }[escape] ?? escape;
  });
}
