import { concat, utf8 } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import type { QuoteStyle } from './console-quote.ts';
import { quoteBytes } from './console-quote.ts';

/** A line's text in pieces: as it is, or a placeholder's name. */
export type TemplatePart = { readonly text: string } | { readonly placeholder: string };

/** `{{word}}` is `{word}` as it is; `${word}` and other braces are the console's own. */
const PLACEHOLDER = /\{\{([a-z][a-z0-9_]*)\}\}|(?<!\$)\{([a-z][a-z0-9_]*)\}/g;

/** Takes a line with `{placeholder}`s apart. */
export function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [all, literal, placeholder] = match;
    const before = text.slice(from, match.index);
    if (placeholder === undefined) parts.push({ text: `${before}{${literal ?? ''}}` });
    else parts.push({ text: before }, { placeholder });
    from = match.index + all.length;
  }
  return [...parts, { text: text.slice(from) }];
}

/** Names of the placeholders in a line. */
export function placeholdersOf(text: string): string[] {
  return parseTemplate(text).flatMap((part) => ('placeholder' in part ? [part.placeholder] : []));
}

/** Lends the bytes for a placeholder. */
export type Lookup = (name: string) => { use<T>(borrow: (bytes: Uint8Array) => T): T };

/**
 * The line in bytes, without its end, each value quoted; the caller wipes it. Throws DeviceFailure
 * `write-refused` for a value that this console cannot be given as text.
 */
export function renderTemplate(text: string, style: QuoteStyle, lookup: Lookup): Uint8Array {
  const pieces: Uint8Array[] = [];
  try {
    for (const part of parseTemplate(text)) {
      if ('text' in part) {
        pieces.push(utf8(part.text));
        continue;
      }
      const quoted = lookup(part.placeholder).use((bytes) => quoteBytes(bytes, style));
      if (!quoted) {
        throw new DeviceFailure(
          'write-refused',
          `${part.placeholder} has characters that this console cannot be given`,
        );
      }
      pieces.push(quoted);
    }
    return concat(...pieces);
  } finally {
    for (const piece of pieces) piece.fill(0);
  }
}
