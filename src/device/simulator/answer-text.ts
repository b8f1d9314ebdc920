import { pickFrom } from './device-identity.ts';
import { samplePattern } from './sample-pattern.ts';

/**
 * What a device says so that a profile's pattern finds `told` in it: the text in one of its usual
 * forms, in place of the pattern's first group. Undefined where none fits.
 */
export function answerFor(pattern: string | undefined, told: string): string | undefined {
  if (pattern === undefined) return told;
  for (const form of formsOf(told)) {
    const source = pattern.replace(/(?<!\\)\((?!\?)(?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)/, () =>
      escapePattern(form),
    );
    const text = samplePattern(source, pickFrom(source)) ?? (source === pattern ? form : undefined);
    const found = text === undefined ? null : new RegExp(pattern, 'm').exec(text);
    if (found && (found[1] ?? found[0]) === form) return text;
  }
  return undefined;
}

/** A text that the pattern finds, where it does not matter which. */
export function someAnswer(pattern: string): string {
  return samplePattern(pattern, pickFrom(pattern)) ?? '';
}

/** Pairs of digits with and without colons, in either case. */
function formsOf(text: string): string[] {
  const pairs = (text.match(/../g) ?? []).join(':');
  return [text, pairs, text.toUpperCase(), pairs.toUpperCase()];
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
