import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LotId } from '../../src/model/ids.ts';
import { canariesOf, findLeaks } from './canary.ts';
import type { Canary } from './canary.ts';
import { keyline, ROOT, shell } from './cli.ts';
import { createWorkspace } from './workspace.ts';
import type { Workspace } from './workspace.ts';

interface Manifest {
  readonly commands: Record<string, { readonly examples?: readonly string[] }>;
}

/** Examples that make what a prepared home has already. */
const IN_EMPTY_HOME = ['key create', 'key import', 'station init'];

/** Examples that need devices stand at this folder; station.test.ts runs them. */
const DEVICES = './devices/';

/** Commands whose examples need a registry with two accounts; registry-examples.test.ts runs them. */
const WITH_ACCOUNTS =
  /^(?:transfer|fleet|registry:(?:template|account|system|user|totp)|escrow):|^registry:(?:password|join)$/;

/** Examples that need a registry that is served; register.test.ts runs those commands. */
const WITH_REGISTRY = [
  ...['registry:login', 'registry:logout', 'registry:whoami', 'registry:key:add'],
  ...['escrow:register', 'station:register'],
];

/** Where secrets are on purpose: what a workspace begins with, and what an example writes them to. */
const ALLOWED_FILES = ['identity', 'backup.txt', 'secrets.csv', 'unit.txt', 'claim.zpl'];

const { commands } = JSON.parse(
  readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'),
) as Manifest;

const examples = Object.entries(commands).flatMap(([id, { examples = [] }]) =>
  examples
    .filter((text) => !text.includes(DEVICES) && !WITH_REGISTRY.includes(id))
    // escrow.test.ts runs it.
    .filter((text) => !text.includes(' --escrow '))
    .filter(() => !WITH_ACCOUNTS.test(id))
    .map((text) =>
      text
        .replaceAll('<%= config.bin %>', 'keyline')
        .replaceAll('<%= command.id %>', id.replaceAll(':', ' ')),
    ),
);

let prepared: Workspace;
let canaries: Canary[];

beforeAll(async () => {
  prepared = await createWorkspace();
  const { stdout } = await keyline(['lot', 'show', 'A1', '--json'], at(prepared));
  const { lotId } = (JSON.parse(stdout) as { result: { lot: { lotId: LotId } } }).result.lot;
  const identity = readFileSync(join(prepared.path, 'identity'), 'utf8').trim();
  canaries = await canariesOf(lotId, identity);
});
afterAll(() => {
  prepared[Symbol.dispose]();
});

describe('every example of the help', () => {
  it.concurrent.each(examples)('works and keeps secrets: %s', async (line) => {
    const isEmpty = IN_EMPTY_HOME.some((start) => line.startsWith(`keyline ${start}`));
    using workspace = prepared.copy({ home: !isEmpty });
    const [, output] = / -o ([\w.]+)$/.exec(line) ?? [];
    if (output !== undefined) rmSync(join(workspace.path, output), { force: true });
    const ran = await shell(line, at(workspace));
    expect({ code: ran.code, stderr: ran.code === 0 ? '' : ran.stderr }).toEqual({
      ...{ code: 0, stderr: '' },
    });
    const files = { folder: workspace.path, allowed: ALLOWED_FILES };
    expect(findLeaks(canaries, ran, files)).toEqual([]);
  });
});

/** Ways to fail with a secret at hand. */
const FAILURES: readonly (readonly [line: string, code: number])[] = [
  ['keyline key import backup.txt', 2],
  ['keyline key import - --expect kp_00000000000000000000000001 < backup.txt', 2],
  ['keyline key import - --expect kp_fxazy3by5xnmvfhmampvfq81f8 --label x < backup.txt', 3],
  ['keyline key check backup.age --identity backup.txt', 2],
  ['keyline key show "$(cat backup.txt)"', 2],
  ['keyline key show --frobnicate="$(cat backup.txt)"', 2],
  ['keyline "$(cat backup.txt)"', 2],
  ['keyline lot show "$(cat backup.txt)"', 2],
  ['keyline lot create X --size 10 --serial "$(cat backup.txt)"', 2],
  ['keyline unit show A1 7 --identity backup.txt', 2],
  ['keyline unit show A1 999999 --reveal -o unit.txt', 2],
  ['keyline manifest write A1 --columns endpoint_secret -o out.csv', 2],
  ['keyline manifest write A1 --with-secrets --plaintext -o out.csv --range 0-99999', 2],
  ['keyline manifest check backup.txt', 3],
  ['keyline lot import backup.txt', 3],
  ['keyline ca import x --certificate root.pem --key backup.txt', 3],
  ['for f in home/keys/*.age; do head -c 100 backup.age > $f; done; keyline unit show A1 7', 3],
];

describe('what fails', () => {
  it.concurrent.each(
    FAILURES.flatMap(([line, code]) => [
      [line, code],
      [withJson(line), code],
    ]),
  )('says why and keeps secrets: %s', async (line, code) => {
    using workspace = prepared.copy();
    const ran = await shell(line, at(workspace));
    expect({ code: ran.code, text: ran.stderr + ran.stdout }).toEqual({
      code,
      text: expect.stringMatching(/Hint: |"hint"/) as string,
    });
    const files = { folder: workspace.path, allowed: ALLOWED_FILES };
    expect(findLeaks(canaries, ran, files)).toEqual([]);
  });
});

describe('what is piped', () => {
  it('is the passphrase, and no argument that was left out', async () => {
    using workspace = prepared.copy({ home: false });
    const create = 'keyline key create --label piped --passphrase-file pass';
    const ran = await shell(
      `${create} && keyline key export --yes -o piped.txt --passphrase-file - < pass`,
      at(workspace),
    );
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('the canary', () => {
  it('sings when a secret comes out', async () => {
    using workspace = prepared.copy();
    const files = { folder: workspace.path, allowed: ALLOWED_FILES };
    const exported = await shell('keyline key export --yes -o -', at(workspace));
    expect(findLeaks(canaries, exported, files)).toContain('provisioning secret in stdout');
    const shown = await shell('keyline unit show A1 8 --reveal -o -', at(workspace));
    expect(findLeaks(canaries, shown, files)).toContain('endpoint secret 8 in stdout');
  });
});

function withJson(line: string): string {
  return line.replace(/(keyline [^<]*?)( <.*)?$/, '$1 --json$2');
}

function at({ path, env }: Workspace): { cwd: string; env: Record<string, string> } {
  return { cwd: path, env: { ...env, XDG_CACHE_HOME: join(path, 'cache'), TMPDIR: path } };
}
