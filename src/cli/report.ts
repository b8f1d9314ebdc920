import { Errors } from '@oclif/core';
import type { ErrorCode } from '../kernel/error-catalog.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import type { Facts } from '../kernel/errors.ts';
import { printable } from '../kernel/printable.ts';
import { redact } from './redact.ts';

/** What is said of an error, field by field: nothing else of an error object ever leaves the process. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly facts: Facts;
}

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The keyline error that stands for whatever was thrown; the message of an unknown error is withheld. */
export function asKeylineError(error: unknown): KeylineError {
  if (error instanceof KeylineError) return error;
  // Both the work and the release after it failed, as on a full disk: the first is the reason.
  if (error instanceof Error && error.name === 'SuppressedError' && 'suppressed' in error) {
    return asKeylineError(error.suppressed);
  }
  if (error instanceof Errors.CLIError) return usageError(error.message);
  // @inquirer/prompts throws this when Ctrl-C ends a prompt.
  if (error instanceof Error && error.name === 'ExitPromptError') {
    return new KeylineError('interrupted', { message: 'interrupted' });
  }
  if (NO_ROOM.some((code) => isErrno(error, code))) {
    return new KeylineError('disk-full', { message: 'no room to write the output' });
  }
  if (isErrno(error, 'EPIPE')) {
    return new KeylineError('reader-gone', { message: 'the reader of the output went away' });
  }
  return unexpected(error);
}

/** The fields that are shown, with what oclif puts around a flag's own error taken off again. */
export function reportOf(error: KeylineError): ErrorReport {
  return {
    code: error.code,
    message: redact(plain(error.message).split('\n').map(printable).join('\n')),
    hint: redact(error.hint),
    facts: redactFacts(error.facts),
  };
}

/** A fact may quote what was typed. */
function redactFacts(facts: Facts): Facts {
  const entries = Object.entries(facts).map(([name, value]): [string, Facts[string]] => {
    if (typeof value === 'number') return [name, value];
    return [name, typeof value === 'string' ? redact(value) : value.map(redact)];
  });
  return Object.fromEntries(entries);
}

/** `Error: …` and `Hint: …` for a terminal, at most 80 columns wide, closed by a line feed. */
export function formatReport(report: ErrorReport): string {
  return `${wrap('Error: ', report.message)}${wrap('Hint: ', report.hint)}`;
}

function usageError(message: string): KeylineError {
  return new KeylineError('usage', { message: plain(message) });
}

function unexpected(error: unknown): KeylineError {
  // What the operating system says names a call and a path; any other message may quote data.
  const isSystem = error instanceof Error && 'errno' in error && 'syscall' in error;
  const what = error instanceof Error ? error.name : typeof error;
  return new KeylineError('unexpected', {
    message: isSystem ? error.message : `${what}, which should not happen`,
    hint: 'This is a defect in keyline. Report it with the command and what KEYLINE_DEBUG=1 shows.',
  });
}

function plain(message: string): string {
  return message
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
    .replace(/\n?See more help with --help$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^\s*Missing required flag (\S+)$/gm, '--$1 is missing')
    .replace(/^Missing \d+ required args?:\n([^]*)$/, missingArgs)
    .replace(/\u001b\[[0-9;]*m/g, '')
    .replaceAll('\t', ' ')
    .trim();
}

/** oclif lists them as a table, each with its description. */
function missingArgs(_: string, rows: string): string {
  return rows.replace(/^\s*(\S+) +(?=\S)/gm, (_row, name: string) => {
    return `${name.toUpperCase()} is missing: `;
  });
}

function wrap(label: string, text: string): string {
  const indent = ' '.repeat(label.length);
  const lines = text.split('\n').flatMap((line) => wrapLine(line, 80 - label.length));
  return `${label}${lines.join(`\n${indent}`)}\n`;
}

function wrapLine(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
