import { readFileSync, readdirSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { parseProfile, profileJsonSchema } from '../../src/device/profile.ts';

const GOOD = readFileSync('fixtures/profiles/u-boot.yaml', 'utf8');

/** The line of the shipped profile that holds `text`, from 1. */
function lineOf(text: string): number {
  return GOOD.split('\n').findIndex((line) => line.includes(text)) + 1;
}

/** `line:column message` of each mistake after `from` became `to`. */
function mistakesAfter(from: string, to: string): string[] {
  expect(GOOD).toContain(from);
  const { issues } = parseProfile(GOOD.replace(from, () => to));
  return issues.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe('a shipped profile', () => {
  const files = readdirSync('fixtures/profiles').filter((name) => name.endsWith('.yaml'));

  it.each(files)('%s has no mistakes and is named as its file', (file) => {
    const text = readFileSync(`fixtures/profiles/${file}`, 'utf8');
    const { profile, issues } = parseProfile(text);
    expect(issues).toEqual([]);
    expect(`${profile?.name ?? ''}.yaml`).toBe(file);
  });

  it.each(files)('%s fits the exported JSON Schema, and with a slip does not', (file) => {
    const document = parse(readFileSync(`fixtures/profiles/${file}`, 'utf8')) as {
      readonly driver: string;
    };
    const validate = new Ajv({ strict: false }).compile(profileJsonSchema());
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...document, presense: 'usb' })).toBe(false);
    expect(validate({ ...document, [document.driver]: {} })).toBe(false);
    expect(validate({ ...document, driver: 'telepathy' })).toBe(false);
  });
});

describe('each mistake is told with line and column', () => {
  it('of syntax', () => {
    const [first] = mistakesAfter('  from: device', '  from: [device');
    expect(first).toMatch(/^\d+:\d+ /);
    // A placeholder without quotes in a list of members: all after it is adrift, and none of it a mistake.
    const slip = mistakesAfter(
      `send: 'setenv dev_key {dev_key}'`,
      'send: setenv dev_key {dev_key}',
    );
    expect(slip).toHaveLength(1);
    expect(slip[0]).toContain(`${lineOf('name: set the key')}:`);
    expect(slip[0]).toContain('quotes');
    const [tab] = parseProfile('name: a\n\tdriver: console\n').issues;
    expect(tab).toMatchObject({ line: 2, column: 1 });
  });

  it.each([
    [
      'a member that is misspelt',
      'identity:\n',
      'identitty:\n',
      /^(\d+):1 there is no member identitty, did you mean identity\?$/,
      'identity:',
    ],
    [
      'a driver that is misspelt',
      'driver: console',
      'driver: consol',
      /^(\d+):9 must be one of .*console.*, did you mean console\?$/,
      'driver: console',
    ],
    [
      'a rate that is text',
      'baudRate: 115200',
      'baudRate: fast',
      /^(\d+):19 must be integer$/,
      'baudRate',
    ],
    [
      'an unknown column',
      'column: endpoint_key',
      'column: endpoint_kee',
      /^(\d+):22 there is no column "endpoint_kee"$/,
      'dev_key: {',
    ],
    [
      'a format that the column does not have',
      "'endpoint_secret:base64url'",
      "'endpoint_secret:pem'",
      /^(\d+):25 endpoint_secret cannot be written as "pem"/,
      'dev_secret: {',
    ],
    [
      'a regular expression that does not compile',
      "id: '^ethaddr=(\\S+)$'",
      "id: '^ethaddr=(\\S+$'",
      /^(\d+):48 is not a regular expression/,
      'printenv ethaddr',
    ],
    [
      'a pattern that anything matches',
      "prompt: '=> '",
      "prompt: '(=> )?'",
      /^(\d+):11 matches empty text/,
      "prompt: '=> '",
    ],
    [
      'a name that is captured twice',
      'capture: { told_secret:',
      'capture: { told_key:',
      /^(\d+):\d+ told_key is captured twice$/,
      'printenv dev_secret',
    ],
    [
      'a placeholder that nothing defines',
      "'setenv dev_key {dev_key}'",
      "'setenv dev_key {dev_kee}'",
      /^(\d+):\d+ nothing defines \{dev_kee\}/,
      'setenv dev_key {dev_key}',
    ],
    [
      'a value that is used before there is a unit',
      'send: printenv ethaddr',
      "send: 'printenv {dev_key}'",
      /^(\d+):\d+ \{dev_key\} is the unit's/,
      'printenv ethaddr',
    ],
    [
      'a check of something that nothing captures',
      'captured: told_key,',
      'captured: tould_key,',
      /^(\d+):21 no step of verify captures tould_key$/,
      'captured: told_key,',
    ],
    [
      'a constant that the console cannot be given',
      'constant: cred.txt',
      `constant: "it's"`,
      /^(\d+):\d+ \{file\} has characters that quote: u-boot cannot write$/,
      'send: load virtio 0 ${loadaddr} {file}',
    ],
  ])('of meaning: %s', (_what, from, to, expected, place) => {
    const all = mistakesAfter(from, to);
    const found = all.map((issue) => expected.exec(issue)).find((match) => match);
    expect(found, all.join('\n')).toBeTruthy();
    expect(Number(found?.[1])).toBe(lineOf(place));
  });

  it('of a secret that is written and never looked at again', () => {
    const all = mistakesAfter('      - { captured: told_secret, equals: dev_secret }\n', '');
    expect(all).toHaveLength(1);
    expect(all[0]).toContain('dev_secret is written, and no check of verify is about it');
  });

  it('of a check whose answer could be its own question', () => {
    const all = mistakesAfter('send: printenv dev_secret', "send: 'echo dev_secret={dev_secret}'");
    expect(all.some((issue) => issue.includes('echo could pass for the answer'))).toBe(true);
  });

  it('of several mistakes at once, in the order of the file', () => {
    const text = GOOD.replace('{dev_key}', '{dev_kee}').replace("prompt: '=> '", "prompt: '(=> '");
    const lines = parseProfile(text).issues.map(({ line }) => line);
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines).toEqual([...lines].sort((a, b) => a - b));
  });

  it('of a file that is no mapping, is empty, or has aliases or two members of one name', () => {
    for (const text of ['', '- a\n', 'just text', 'a: &x 1\nb: *x\n', 'name: a\nname: b\n']) {
      const { profile, issues } = parseProfile(text);
      expect(profile).toBeUndefined();
      expect(issues.length).toBeGreaterThan(0);
    }
  });
});
