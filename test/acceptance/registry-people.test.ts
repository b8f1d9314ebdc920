import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetDevice } from '../../src/registry/fleet.ts';
import type { Ran } from './cli.ts';
import { RequestGate } from './request-gate.ts';
import { ServedRegistry } from './served-registry.ts';

interface ListedDevices {
  readonly devices: readonly FleetDevice[];
}

const CLIENT = (name: string) =>
  `--client-id-file ${name}.id --client-secret-file ${name}.secret` as const;
const SECRET = /k[cdrt]_[A-Za-z0-9_-]{43}/;

let served: ServedRegistry;
/** All that commands here have printed, but for what was asked to go to standard output. */
const printed: string[] = [];

beforeAll(async () => {
  served = await ServedRegistry.start({});
  served.write('nora.pass', ['a password that nora chose']);
  served.write('short.pass', ['11 of these']);
  served.write('pat.pass', ['a password that pat chose']);
  await served.must(
    `registry login ${served.url} --context root --login root --password-file pass`,
  );
}, 60_000);
afterAll(() => served[Symbol.asyncDispose]());

async function run(as: string, line: string): Promise<Ran> {
  const ran = await served.run(as, line);
  printed.push(ran.stdout, ran.stderr);
  return ran;
}

/** The exit code, and the code of the error under `--json`. */
async function outcome(as: string, line: string): Promise<unknown[]> {
  const { code, stdout } = await run(as, `${line} --json`);
  const { error } = JSON.parse(stdout) as { readonly error?: { readonly code: string } };
  return [code, ...(error ? [error.code] : [])];
}

const login = (context: string, how: string) =>
  outcome(context, `registry login ${served.url} --context ${context} ${how}`);
const text = (name: string) => readFileSync(join(served.folder, name), 'utf8');
const mode = (name: string) => statSync(join(served.folder, name)).mode & 0o777;

describe('from the platform to a machine of a new account', () => {
  it('each step gives what the next one takes, and no secret is printed', async () => {
    const create = 'registry account create northwind --name Northwind --kind oem --admin nora';
    expect(await outcome('root', `${create} -o nora.invitation`)).toEqual([0]);
    expect([mode('nora.invitation'), text('nora.invitation')]).toEqual([
      0o600,
      expect.stringMatching(/^kr_[A-Za-z0-9_-]{43}\n$/),
    ]);

    const choose = `registry password ${served.url} --invitation-file nora.invitation --password-file nora.pass`;
    const short = choose.replace('nora.pass', 'short.pass');
    expect(await outcome('nora', short)).toEqual([2, 'usage']);
    expect(await outcome('nora', choose)).toEqual([0]);
    expect(await outcome('nora', choose)).toEqual([5, 'link-ended']);
    expect(await login('nora', '--login nora --password-file nora.pass')).toEqual([0]);
    const { result } = await served.ask('nora', 'registry account show');
    expect(result).toMatchObject({ handle: 'northwind', name: 'Northwind', isTest: false });

    const add = `registry system add line-1 --role factory-engineer ${CLIENT('line-1')}`;
    expect(await outcome('nora', add)).toEqual([0]);
    expect([mode('line-1.secret'), text('line-1.secret')]).toEqual([
      0o600,
      expect.stringMatching(/^kc_[A-Za-z0-9_-]{43}\n$/),
    ]);
    expect(await login('line-1', CLIENT('line-1'))).toEqual([0]);
    expect((await served.ask('line-1', 'registry whoami')).result).toMatchObject({
      account: 'northwind',
      roles: ['factory-engineer'],
      clientId: text('line-1.id').trim(),
      ...{ kind: 'system', id: text('line-1.id').trim(), hasTotp: false },
    });

    writeFileSync(join(served.folder, 'old.id'), text('line-1.id'));
    writeFileSync(join(served.folder, 'old.secret'), text('line-1.secret'));
    const rotate = 'registry system rotate line-1 --client-secret-file line-1.secret';
    expect(await outcome('nora', `${rotate} --force --yes`)).toEqual([0]);
    expect(text('line-1.secret')).not.toBe(text('old.secret'));
    expect(mode('line-1.secret')).toBe(0o600);
    expect(await outcome('line-1', 'registry whoami')).toEqual([5, 'unauthenticated']);
    expect(await login('line-1', CLIENT('old'))).toEqual([5, 'unauthenticated']);
    expect(await login('line-1', CLIENT('line-1'))).toEqual([0]);

    expect(await outcome('nora', 'registry system disable line-1 --yes')).toEqual([0]);
    expect(await login('line-1', CLIENT('line-1'))).toEqual([5, 'unauthenticated']);
    expect(await outcome('nora', 'registry system enable line-1')).toEqual([0]);
    expect(await login('line-1', CLIENT('line-1'))).toEqual([0]);
    expect((await run('nora', 'registry system list')).stdout).toContain('line-1');

    expect(printed.join('\n')).not.toMatch(SECRET);
    expect(printed.join('\n')).not.toContain('a password that');
  });
});

describe('a station', () => {
  const lotsOf = async (line: string): Promise<unknown> => {
    const { result, error } = await served.ask('nora', line);
    return error?.code ?? (result as { readonly lots?: readonly string[] }).lots;
  };
  const seen = async (): Promise<unknown> =>
    ((await served.ask('line-3', 'fleet list')).result as ListedDevices).devices.map(
      ({ serial }) => serial,
    );

  it('is given lots when it is added, and others later, and sees the devices of these alone', async () => {
    for (const code of ['A1', 'B2', 'C3']) {
      if (code === 'A1') await served.must('key create --label widgets');
      await served.must(`lot create ${code} --size 2 --serial ${code}-{n:2}`);
    }
    await served.must('registry key add widgets', 'nora');
    for (const code of ['A1', 'B2']) await served.must(`escrow register ${code}`, 'nora');
    const add = (lot: string) =>
      outcome('nora', `registry system add line-3 --role station --lot ${lot} ${CLIENT('line-3')}`);
    expect(await add('none')).toEqual([2, 'not-found']);
    expect(await add('C3')).toEqual([5, 'object-unknown']);
    expect(await add('A1')).toEqual([0]);
    await served.must(
      `registry login ${served.url} --context line-3 ${CLIENT('line-3')}`,
      'line-3',
    );
    expect(await seen()).toEqual(['A1-00', 'A1-01']);

    const set = 'registry system set line-3';
    expect(await lotsOf(`${set} --add-lot B2 --remove-lot A1`)).toHaveLength(1);
    expect(await seen()).toEqual(['B2-00', 'B2-01']);
    expect(await lotsOf(`${set} --add-lot A1 --add-lot B2`)).toHaveLength(2);
    expect(await lotsOf(`${set} --add-lot C3`)).toBe('object-unknown');
    expect(await lotsOf(`${set} --remove-lot C3`)).toHaveLength(2);
    expect((await run('nora', set)).stdout).toContain('active, as before');
    expect(await lotsOf('registry system set line-1 --add-lot A1')).toBe('state-conflict');
    expect(await lotsOf(`${set} --role provisioner`)).toBeUndefined();
    expect(await lotsOf(`${set} --role station`)).toEqual([]);
  });
});

describe('a person', () => {
  it('is invited, helped with a lost password, and let in no more', async () => {
    const as = '--login pat --password-file';
    expect(await outcome('nora', 'registry user add pat --role auditor -o pat.invitation')).toEqual(
      [0],
    );
    expect(await outcome('nora', 'registry user reset pat -o pat.reset')).toEqual([0]);
    const choose = `registry password ${served.url} --password-file pat.pass --invitation-file`;
    expect(await outcome('pat', `${choose} pat.invitation`)).toEqual([5, 'link-ended']);
    expect(await outcome('pat', `${choose} pat.reset`)).toEqual([0]);
    expect(await login('pat', `${as} pat.pass`)).toEqual([0]);
    expect(await outcome('nora', 'registry user disable pat')).toEqual([2, 'needs-yes']);
    expect(await outcome('pat', 'registry whoami')).toEqual([0]);
    expect(await outcome('nora', 'registry user disable pat --yes')).toEqual([0]);
    expect(await outcome('pat', 'registry whoami')).toEqual([5, 'unauthenticated']);
    expect(await login('pat', `${as} pat.pass`)).toEqual([5, 'unauthenticated']);
    expect(await outcome('nora', 'registry user enable pat')).toEqual([0]);
    expect(await login('pat', `${as} pat.pass`)).toEqual([0]);
    expect(printed.join('\n')).not.toMatch(SECRET);
  });
});

describe('a lost answer', () => {
  const create =
    'registry account create southwind --name Southwind --kind oem --admin sven -o sven.invitation';

  it('to a new account leaves a way to its invitation, until it was used', async () => {
    await using gate = await RequestGate.before(served.url, (_, path) =>
      path === '/v1/accounts' ? 'unanswered' : 'through',
    );
    await served.must(
      `registry login ${gate.url} --context gate --login root --password-file pass`,
    );
    const hintOf = async (as: string): Promise<unknown[]> => {
      const { code, error } = await served.ask(as, create);
      return [code, error?.code, error?.hint.includes('registry account invite southwind')];
    };
    expect(await hintOf('gate')).toEqual([5, 'already-issued', true]);
    expect(await hintOf('root')).toEqual([5, 'name-taken', true]);
    expect(existsSync(join(served.folder, 'sven.invitation'))).toBe(false);
    const invite = 'registry account invite southwind -o sven.invitation';
    expect(await outcome('nora', invite)).toEqual([5, 'forbidden']);
    expect(await outcome('root', invite)).toEqual([0]);
    const choose = `registry password ${served.url} --invitation-file sven.invitation --password-file`;
    expect(await outcome('sven', `${choose} nora.pass`)).toEqual([0]);
    expect(await outcome('root', `${invite} --force`)).toEqual([5, 'state-conflict']);
    expect(printed.join('\n')).not.toMatch(SECRET);
  });
});

describe('a person of another account', () => {
  it('is given roles here, and loses them with its tokens for this account', async () => {
    const as = '--login sven --password-file nora.pass';
    expect(await login('sven', `${as} --account northwind`)).toEqual([5, 'forbidden']);
    const admit = 'registry user admit sven --role auditor';
    expect(await outcome('nora', admit)).toEqual([0]);
    expect(await outcome('nora', admit)).toEqual([5, 'state-conflict']);
    expect(await login('sven', `${as} --account northwind`)).toEqual([0]);
    expect((await served.ask('sven', 'registry whoami')).result).toMatchObject({
      ...{ account: 'northwind', roles: ['auditor'] },
    });
    expect(await outcome('nora', 'registry user remove nora --yes')).toEqual([2, 'usage']);
    expect(await outcome('nora', 'registry user remove sven')).toEqual([2, 'needs-yes']);
    expect(await outcome('nora', 'registry user remove sven --yes')).toEqual([0]);
    expect(await outcome('sven', 'registry whoami')).toEqual([5, 'unauthenticated']);
    expect(await outcome('nora', 'registry user show sven')).toEqual([5, 'object-unknown']);
    expect(await login('sven', as)).toEqual([0]);
  });
});

describe('an account that lets people join', () => {
  it('has them as end-users, and no more once it does not', async () => {
    const join = (who: string) =>
      outcome(
        'una',
        `registry join ${served.url} --account northwind --login ${who} --password-file pat.pass`,
      );
    expect(await join('una')).toEqual([5, 'object-unknown']);
    expect(await outcome('nora', 'registry account set --registration')).toEqual([0]);
    expect(await join('una')).toEqual([0]);
    expect(await join('una')).toEqual([5, 'name-taken']);
    expect(await join('U')).toEqual([2, 'usage']);
    expect(await login('una', '--login una --password-file pat.pass')).toEqual([0]);
    expect((await served.ask('una', 'registry whoami')).result).toMatchObject({
      ...{ account: 'northwind', roles: ['end-user'] },
    });
    const { result } = await served.ask('nora', 'registry account set --no-registration --name N');
    expect(result).toMatchObject({ allowsRegistration: false, name: 'N', isReceiving: true });
    expect(await join('uwe')).toEqual([5, 'object-unknown']);
  });
});

describe('one’s own password', () => {
  it('is changed by who has the present one, which ends every log-in', async () => {
    served.write('next.pass', ['the next password of pat']);
    const change = 'registry password --password-file next.pass';
    expect(await outcome('pat', change)).toEqual([2, 'usage']);
    const wrong = `${change} --old-password-file nora.pass`;
    expect(await outcome('pat', wrong)).toEqual([5, 'unauthenticated']);
    expect(await outcome('pat', 'registry whoami')).toEqual([0]);
    expect(await outcome('pat', `${change} --old-password-file pat.pass`)).toEqual([0]);
    expect(await outcome('pat', 'registry whoami')).toEqual([5, 'unauthenticated']);
    expect(await login('pat', '--login pat --password-file pat.pass')).toEqual([
      5,
      'unauthenticated',
    ]);
    expect(await login('pat', '--login pat --password-file next.pass')).toEqual([0]);
  });
});

describe('a secret', () => {
  it('goes to standard output alone where that was said, and never into --json', async () => {
    const reset = 'registry user reset pat -o -';
    const shown = await served.run('nora', reset);
    expect([shown.code, shown.stdout, shown.stderr]).toEqual([
      0,
      expect.stringMatching(/^kr_[A-Za-z0-9_-]{43}\n$/),
      '',
    ]);
    expect(await outcome('nora', reset)).toEqual([2, 'secret-to-terminal']);
  });

  it('is not asked for where its file cannot be made', async () => {
    served.write('taken.secret', ['something else']);
    const add = 'registry system add line-9 --role station --client-id-file line-9.id';
    const taken = `${add} --client-secret-file taken.secret`;
    expect(await outcome('nora', taken)).toEqual([2, 'output-exists']);
    const twice = `${add} --client-secret-file line-9.id`;
    expect(await outcome('nora', twice)).toEqual([2, 'usage']);
    expect(await outcome('nora', 'registry system disable line-9 --yes')).toEqual([
      5,
      'object-unknown',
    ]);
    expect(text('taken.secret')).toBe('something else\n');
    expect(existsSync(join(served.folder, 'line-9.id'))).toBe(false);
    expect(await login('line-1', CLIENT('line-1'))).toEqual([0]);
    const rotate = 'registry system rotate line-1 --client-secret-file';
    expect(await outcome('nora', `${rotate} taken.secret --yes`)).toEqual([2, 'output-exists']);
    expect(await outcome('nora', `${rotate} next.secret`)).toEqual([2, 'needs-yes']);
    expect(await outcome('line-1', 'registry whoami')).toEqual([0]);
  });

  it('that was typed as an argument is not said back', async () => {
    const token = text('pat.reset').trim();
    const ran = await served.run('nora', `registry password ${served.url} ${token}`);
    expect([ran.code, `${ran.stdout}${ran.stderr}`.includes(token)]).toEqual([2, false]);
  });
});

describe('who may not', () => {
  it('gets the registry’s answer, and leaves no file', async () => {
    const create = 'registry account create other --name O --kind oem --admin olga -o o.invitation';
    expect(await outcome('nora', create)).toEqual([5, 'forbidden']);
    expect(existsSync(join(served.folder, 'o.invitation'))).toBe(false);
    const add = `registry user add root2 --role platform-admin -o r.invitation`;
    expect(await outcome('nora', add)).toEqual([5, 'forbidden']);
    expect(existsSync(join(served.folder, 'r.invitation'))).toBe(false);
  });
});
