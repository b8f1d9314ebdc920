import { printable } from '../kernel/printable.ts';

/** HTML that is safe to stand in a document. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in a template: text is escaped, markup stands as it is, false is nothing. */
export type Content = string | number | false | Markup | readonly Content[];

/** Markup of a template whose values are escaped, in element content and in quoted attributes alike. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const markup = parts.map((part, at) => part + textOf(values[at] ?? '')).join('');
  return { markup };
}

/** Markup that its author vouches for: never anything that came from outside. */
export function raw(markup: string): Markup {
  return { markup };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOf(content: Content): string {
  if (content === false) return '';
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  if ('markup' in content) return content.markup;
  return content.map(textOf).join('');
}

/** Marks of direction and other characters that are not seen are written out. */
function escapeText(text: string): string {
  return printable(text).replace(/[&<>"']/g, (one) => ENTITIES[one] ?? '');
}
