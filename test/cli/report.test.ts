import { Errors } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { asKeylineError, formatReport, reportOf } from '../../src/cli/report.ts';
import { KeylineError } from '../../src/kernel/errors.ts';

const SECRET = `ks_Q8AFQXPRH574PtefFrpDHgRvexPn13LntM7vIBJIxxI`;

describe('an error of a library', () => {
  it('is reported without its message and its fields, which may quote data', () => {
    const thrown = Object.assign(new TypeError(`bad row ${SECRET}`), { record: [SECRET] });
    const report = reportOf(asKeylineError(thrown));
    expect(JSON.stringify(report)).not.toContain(SECRET);
    expect(report.code).toBe('unexpected');
    expect(Object.keys(report)).toEqual(['code', 'message', 'hint', 'facts']);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('of a disk without room (%s) is disk-full', (code) => {
    expect(asKeylineError(Object.assign(new Error('write'), { code })).code).toBe('disk-full');
  });

  it('of the work counts, where the release after it failed too', () => {
    const suppressed = new KeylineError('disk-full', { message: 'full' });
    const both = Object.assign(new Error('x'), { name: 'SuppressedError', suppressed });
    expect(asKeylineError(both)).toBe(suppressed);
  });

  it('that ends a prompt by Ctrl-C is interrupted', () => {
    const thrown = Object.assign(new Error('x'), { name: 'ExitPromptError' });
    expect(asKeylineError(thrown).exitCode).toBe(130);
  });

  it('that is no error at all is unexpected', () => {
    expect(asKeylineError(SECRET).message).not.toContain(SECRET);
  });
});

describe('a keyline error', () => {
  it('loses what looks like a secret from message, hint and facts', () => {
    const error = new KeylineError('not-found', {
      message: `no lot ${SECRET}`,
      hint: `not ${SECRET}`,
      facts: { lot: SECRET, all: [SECRET], count: 1 },
    });
    expect(reportOf(error)).toEqual({
      code: 'not-found',
      message: 'no lot [secret]',
      hint: 'not [secret]',
      facts: { lot: '[secret]', all: ['[secret]'], count: 1 },
    });
  });

  it('cannot steer a terminal by what it quotes', () => {
    const error = new KeylineError('not-found', {
      message: 'no \u001b]0;x\u0007\u009b2J\nsecond line',
    });
    expect(reportOf(error).message).toBe('no \\u{1b}]0;x\\u{7}\\u{9b}2J\nsecond line');
  });

  it('thrown by a flag loses what oclif puts around it', () => {
    const error = new KeylineError('usage', { message: 'no number' });
    error.message = `Parsing --count \n\t${error.message}\nSee more help with --help`;
    expect(reportOf(error).message).toBe('--count: no number');
  });

  it.each([
    ['The following error occurred:\n  Missing required flag to', '--to is missing'],
    [
      'The following errors occurred:\n  Missing required flag a\n  Missing required flag b-c',
      '--a is missing\n--b-c is missing',
    ],
    ['Missing 1 required arg:\nlot  Code or id.', 'LOT is missing: Code or id.'],
    [
      'Missing 2 required args:\nlot   Code.\nunit  One.',
      'LOT is missing: Code.\nUNIT is missing: One.',
    ],
  ])('of oclif says what is missing: %j', (message, said) => {
    const error = new Errors.CLIError(`${message}\nSee more help with --help`);
    expect(reportOf(asKeylineError(error)).message).toBe(said);
  });

  it('is wrapped at 80 columns, continuation lines under the text', () => {
    const message = 'word '.repeat(40).trim();
    const text = formatReport({ code: 'usage', message, hint: 'Do.', facts: {} });
    const lines = text.split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines[1]).toMatch(/^ {7}word/);
    expect(text.endsWith('Hint: Do.\n')).toBe(true);
  });
});
