import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDriver } from '../../../src/device/driver-kinds.ts';
import type { Port } from '../../../src/device/ports/port.ts';
import { DeviceFailure } from '../../../src/model/failure.ts';
import { contextOf, profileFrom, valuesWith } from './driver-context.ts';
import { FakeConsole } from './fake-console.ts';
import type { FakeConsoleOptions, Reply } from './fake-console.ts';

const KEY = 'ek_0123456789abcdefghjkmnpqr0';
const SECRET = 'kq3v-8J2_wZ0dT5hYb7uN1xCe4GmRsLpQaVfXoKiEtU';
const HEAD = `
name: board
driver: console
identity: { from: device, kind: mac, pattern: '[0-9a-f]{12}' }
values:
  key: { column: endpoint_key }
  secret: { column: 'endpoint_secret:base64url' }
`;
const SECTION = `
console:
  prompt: '=> '
  echo: check
  quote: u-boot
  banner: 'Boot \\d'
  sync: { everyMs: 20, timeoutMs: 300 }
  timeoutMs: 300
  identify: [{ send: printenv ethaddr, capture: { id: '^ethaddr=(.*)$' } }]
  inspect:
    - { send: printenv key, none: '^## Error: "key" not defined$', status: any, capture: { endpoint_key: '^key=(.*)$' } }
  write:
    - { send: 'setenv key {key}' }
    - { send: 'setenv secret {secret}' }
    - { name: save, send: saveenv, fail: not-stored }
  restart: [{ send: reset, until: 'Boot \\d' }]
  verify:
    steps:
      - { send: printenv key, capture: { told_key: '^key=(.*)$' } }
      - { send: printenv secret, capture: { told_secret: '^secret=(.*)$' } }
    checks:
      - { captured: told_key, equals: key }
      - { captured: told_secret, equals: secret }
`;

/** A boot loader's environment: what is set is lost by a restart unless it was saved. */
class Environment {
  readonly flash = new Map<string, string>();
  ram = new Map<string, string>([['ethaddr', '52:54:00:12:34:56']]);
  change: (command: string, reply: Reply) => Reply = (_command, reply) => reply;

  run = (command: string): Reply => this.change(command, this.#answer(command));

  #answer(command: string): Reply {
    const [verb = '', name = '', value = ''] = command.split(' ');
    if (verb === 'setenv') {
      this.ram.set(name, value.replace(/^'(.*)'$/, '$1'));
      return {};
    }
    if (verb === 'printenv') {
      const held = this.ram.get(name);
      return held === undefined
        ? { out: `## Error: "${name}" not defined`, status: 1 }
        : { out: `${name}=${held}` };
    }
    if (verb === 'saveenv') {
      for (const [key, held] of this.ram) this.flash.set(key, held);
      return { out: 'Saving Environment to Flash... OK' };
    }
    if (verb === 'reset') {
      this.ram = new Map([['ethaddr', '52:54:00:12:34:56'], ...this.flash]);
      return { restarts: true };
    }
    return { out: `Unknown command '${verb}' - try 'help'`, status: 1 };
  }
}

function bench(options: FakeConsoleOptions = {}, text = HEAD + SECTION) {
  const environment = new Environment();
  const device = new FakeConsole(environment.run, options);
  const driver = createDriver(profileFrom(text));
  const context = contextOf(device.openNow());
  const values = valuesWith({ key: KEY, secret: new TextEncoder().encode(SECRET) });
  return { environment, device, driver, context, values };
}

type Bench = ReturnType<typeof bench>;

/** What a whole unit comes to, as one line. */
async function outcome({ driver, context, values }: Bench): Promise<string> {
  try {
    const id = await driver.identify(context);
    const held = await driver.inspect(context);
    await driver.write(context, values);
    const evidence = await driver.verify(context, values);
    return `${id} ${held.kind} ${evidence.kind}`;
  } catch (error) {
    if (error instanceof DeviceFailure) return error.code;
    throw error;
  }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'passed',
    (error: unknown) => (error instanceof DeviceFailure ? error.code : String(error)),
  );
}

const PASSED = '52:54:00:12:34:56 none readback';

describe('a device behind a prompt', () => {
  it('is identified, inspected, written, restarted and read back', async () => {
    const unit = bench();
    expect(await outcome(unit)).toBe(PASSED);
    expect(unit.environment.flash.get('secret')).toBe(SECRET);
    expect(unit.device.ran).toContain('reset');
  });

  it('says whose credential it holds', async () => {
    const { environment, driver, context } = bench();
    environment.ram.set('key', KEY);
    expect(await driver.inspect(context)).toEqual({ kind: 'endpoint-key', endpointKey: KEY });
    environment.ram.set('key', 'something else');
    expect(await driver.inspect(context)).toMatchObject({ kind: 'other' });
  });

  it('fails when saving ends with a status, whatever it prints', async () => {
    const unit = bench();
    unit.environment.change = (command, reply) =>
      command === 'saveenv'
        ? { out: 'Saving Environment to Flash... Failed (1)', status: 1 }
        : reply;
    expect(await outcome(unit)).toBe('not-stored');
  });

  it('fails when it says that it saved and did not', async () => {
    const unit = bench();
    unit.environment.change = (command, reply) => {
      if (command === 'saveenv') unit.environment.flash.clear();
      return reply;
    };
    expect(await outcome(unit)).toBe('not-stored');
  });

  it.each([
    ['one letter less', SECRET.slice(0, -1)],
    ['one letter more', `${SECRET}A`],
    ['another case', SECRET.toLowerCase()],
    ['nothing', ''],
    ['a space after it', `${SECRET} `],
  ])('fails when what it read back has %s', async (_what, held) => {
    const unit = bench();
    unit.environment.change = (command, reply) =>
      command === 'printenv secret' ? { out: `secret=${held}` } : reply;
    expect(await outcome(unit)).toBe('verify-mismatch');
  });

  it('is not believed when two answers differ', async () => {
    const unit = bench();
    unit.environment.change = (command, reply) =>
      command === 'printenv ethaddr' ? { out: 'ethaddr=02:00\nethaddr=52:54:00:12:34:56' } : reply;
    expect(await outcome(unit)).toBe('garbage');
  });

  it('is not taken for empty when it tells of nothing and of something', async () => {
    const { environment, driver, context } = bench();
    environment.change = () => ({ out: `## Error: "key" not defined\nkey=${KEY}` });
    expect(await codeOf(driver.inspect(context))).toBe('garbage');
  });
});

describe('a line that is not quiet', () => {
  it('passes with log lines between the answers', async () => {
    const noise = { line: '\x1b[0;32m[   12.345678] usb 1-1: new device => \x1b[0m', every: 2 };
    expect(await outcome(bench({ noise }))).toBe(PASSED);
  });

  it('comes to the same however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (cuts) => {
        expect(await outcome(bench({ cuts }))).toBe(PASSED);
      }),
      { numRuns: 25 },
    );
  });

  it('passes when each byte comes alone', async () => {
    expect(await outcome(bench({ faults: { isSlow: true } }))).toBe(PASSED);
  });

  it('types again what came back garbled, and never runs it', async () => {
    const unit = bench({ losesTyped: 211 });
    expect(await outcome(unit)).toBe(PASSED);
    const known = /^(printenv|setenv|saveenv|reset)( |$)/;
    expect(unit.device.ran.filter((command) => !known.test(command))).toEqual([]);
  });

  it('never passes with what was not stored, whatever bytes are lost or added', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          dropEvery: fc.option(fc.integer({ min: 40, max: 900 }), { nil: undefined }),
          noiseEvery: fc.option(fc.integer({ min: 40, max: 900 }), { nil: undefined }),
        }),
        async ({ dropEvery, noiseEvery }) => {
          const faults = {
            ...(dropEvery !== undefined && { dropEvery }),
            ...(noiseEvery !== undefined && { noiseEvery }),
          };
          const unit = bench({ faults });
          if ((await outcome(unit)) !== PASSED) return;
          expect(unit.environment.flash.get('secret')).toBe(SECRET);
          expect(unit.environment.flash.get('key')).toBe(KEY);
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('a device that does not do its part', () => {
  it('is told apart: silent, babbling, endless', async () => {
    const silent = bench({ faults: { isSilent: true } });
    expect(await outcome(silent)).toBe('no-answer');
    const garbled = bench();
    garbled.device.onWrite = () => {
      garbled.device.feed(Uint8Array.of(0xfe, 0xe6, 0x80, 0xf8));
    };
    expect(await outcome(garbled)).toBe('garbage');
    const booting = bench();
    booting.device.onWrite = () => {
      booting.device.feed('Starting kernel ...\r\n');
    };
    expect(await outcome(booting)).toBe('timeout');
    const hanging = bench();
    hanging.environment.change = (command, reply) => (command === 'saveenv' ? undefined : reply);
    expect(await outcome(hanging)).toBe('timeout');
  });

  it('does not outlast a deadline by talking without end', async () => {
    let reads = 0;
    const babbler: Port = {
      ...{ address: 'memory:babbler', bitsPerSecond: undefined, closed: new Promise(() => {}) },
      write: () => Promise.resolve(),
      read: async () => {
        reads += 1;
        await setImmediate();
        return Uint8Array.of(0x2e);
      },
      discardInput: () => undefined,
      setLines: () => Promise.resolve(),
      lines: () => Promise.resolve(undefined),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const driver = createDriver(profileFrom(HEAD + SECTION));
    await expect(driver.identify(contextOf(babbler))).rejects.toMatchObject({ code: 'timeout' });
    expect(reads).toBeLessThan(512 * 1024);
  });

  it('is noticed when it restarts in mid-step', async () => {
    const unit = bench();
    unit.environment.change = (command, reply) =>
      command === 'saveenv' ? { restarts: true } : reply;
    expect(await outcome(unit)).toBe('rebooted');
  });

  it('is noticed when it is unplugged', async () => {
    expect(await outcome(bench({ faults: { unplugAfterReceived: 150 } }))).toBe('port-gone');
    expect(await outcome(bench({ faults: { unplugAfterSent: 300 } }))).toBe('port-gone');
  });

  it('leaves a clean prompt to the next visit after a failure', async () => {
    const unit = bench();
    const { change } = unit.environment;
    unit.environment.change = (command, reply) => (command === 'saveenv' ? undefined : reply);
    expect(await outcome(unit)).toBe('timeout');
    unit.environment.change = change;
    expect(await unit.driver.identify(unit.context)).toBe('52:54:00:12:34:56');
  });
});

describe('what is sent', () => {
  it('is refused when a value could be taken for more than itself', async () => {
    const { driver, context, device } = bench();
    for (const secret of ["a'; reset; '", 'a\nreset', 'a\\', 'a\x03']) {
      const values = valuesWith({ key: KEY, secret: new TextEncoder().encode(secret) });
      expect(await codeOf(driver.write(context, values))).toBe('write-refused');
    }
    expect(device.ran.filter((command) => command.startsWith('reset'))).toEqual([]);
  });

  it('is refused when the line is longer than the console takes', async () => {
    const { driver, context } = bench();
    const values = valuesWith({ key: KEY, secret: new TextEncoder().encode('x'.repeat(500)) });
    expect(await codeOf(driver.write(context, values))).toBe('write-refused');
  });

  it('goes in pieces where the profile paces it', async () => {
    const text = HEAD + SECTION.replace('  timeoutMs: 300\n', '  pace: { chunk: 7 }\n');
    const unit = bench({}, text);
    const sizes: number[] = [];
    const { onWrite } = unit.device;
    unit.device.onWrite = (bytes) => {
      sizes.push(bytes.length);
      onWrite(bytes);
    };
    await unit.driver.write(unit.context, unit.values);
    // The marks of the first hand-shake go in pieces as well.
    expect(Math.max(...sizes)).toBe(7);
  });

  it('names the step and shows no secret when it fails', async () => {
    const { driver, context, values, environment } = bench();
    environment.change = (command, reply) =>
      command.startsWith('setenv secret') ? { out: `cannot set ${SECRET}`, status: 3 } : reply;
    const failure = await driver.write(context, values).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'write-refused', step: 'write 2' });
    expect(JSON.stringify([failure, (failure as Error).message])).not.toContain(SECRET.slice(0, 8));
  });
});

/** Without an exit status and its marks only echo and prompt tell where an answer begins and ends. */
describe('a console without an exit status', () => {
  const plain = SECTION.replace('quote: u-boot', 'quote: none\n  errors: ["not defined", "Failed"]')
    .replace("prompt: '=> '", "prompt: 'esp> '")
    .replaceAll(', status: any', '');
  const options = { language: 'plain', prompt: 'esp> ' } as const;

  it('passes, and its prompt may stand at the beginning of a line of output', async () => {
    const unit = bench(options, HEAD + plain);
    unit.environment.change = (command, reply) =>
      command === 'printenv ethaddr' ? { out: `esp> is my prompt\n${reply?.out ?? ''}` } : reply;
    expect(await outcome(unit)).toBe(PASSED);
  });

  it('passes however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (cuts) => {
        expect(await outcome(bench({ ...options, cuts }, HEAD + plain))).toBe(PASSED);
      }),
      { numRuns: 10 },
    );
  });

  it('fails by what it prints', async () => {
    const unit = bench(options, HEAD + plain);
    unit.environment.change = (command, reply) =>
      command === 'saveenv' ? { out: 'Saving... Failed (1)' } : reply;
    expect(await outcome(unit)).toBe('not-stored');
  });
});
