import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { smpKind } from '../../../src/device/drivers/smp.ts';
import type { Driver } from '../../../src/device/driver.ts';
import { endpointKeyOf } from '../../../src/model/ids.ts';
import { contextOf, profileFrom, valuesWith } from './driver-context.ts';
import { FakeSmpServer } from './smp-server.ts';

const ENDPOINT_KEY = endpointKeyOf(Uint8Array.from({ length: 16 }, (_, at) => at));
const SECRET = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at);

function profileText(name: string): string {
  const text = readFileSync(
    new URL(`../../../fixtures/profiles/${name}.yaml`, import.meta.url),
    'utf8',
  );
  // The fake device is back at once.
  return text.replace('waitMs: 1000', 'waitMs: 1').replace('timeoutMs: 2000', 'timeoutMs: 40');
}

function driverOf(text: string): Driver {
  return smpKind.create(profileFrom(text));
}

function boardWithId(): FakeSmpServer {
  const server = new FakeSmpServer();
  server.shell = (argv) =>
    argv.join(' ') === 'hwinfo devid'
      ? [
          ['o', 'Length: 8\nID: 0x0123456789abcde0\n'],
          ['ret', 0],
        ]
      : [
          ['o', ''],
          ['ret', -22],
        ];
  return server;
}

function values() {
  return valuesWith({ endpoint_key: ENDPOINT_KEY, secret: SECRET });
}

function failure(code: string): Error {
  return expect.objectContaining({ name: 'DeviceFailure', code }) as Error;
}

describe.each(['zephyr-smp-settings', 'zephyr-smp-fs'])('the profile %s', (name) => {
  const isSettings = name.endsWith('settings');
  const driver = driverOf(profileText(name));

  it('takes a blank device to a verified one', async () => {
    const server = boardWithId();
    const context = contextOf(server.port);
    expect(await driver.identify(context)).toBe('0123456789abcde0');
    expect(await driver.captures?.(context)).toEqual({ firmware: 'board-v' });
    expect(await driver.inspect(context)).toEqual({ kind: 'none' });
    using given = values();
    await driver.write(context, given);
    const { kind } = await driver.verify(context, given);
    expect(kind).toBe(isSettings ? 'readback' : 'digest');
    expect(server.requests).toContain('0/5');
    expect(await driver.inspect(context)).toEqual({
      kind: 'endpoint-key',
      endpointKey: ENDPOINT_KEY,
    });
    const stored = isSettings
      ? server.saved.get('keyline/secret')
      : server.files.get('/lfs/keyline.secret');
    expect(stored?.equals(SECRET)).toBe(true);
  });

  it('never verifies a device that holds one byte more, less or other', async () => {
    const server = boardWithId();
    const context = contextOf(server.port);
    using given = values();
    await driver.write(context, given);
    const store = isSettings ? server.saved : server.files;
    const place = isSettings ? 'keyline/secret' : '/lfs/keyline.secret';
    const right = Buffer.from(SECRET);
    const flipped = Buffer.from(SECRET);
    flipped.writeUInt8(flipped.readUInt8(31) ^ 1, 31);
    for (const wrong of [flipped, right.subarray(0, 31), Buffer.concat([right, Buffer.of(0)])]) {
      store.set(place, wrong);
      await expect(driver.verify(context, given)).rejects.toThrow(failure('verify-mismatch'));
    }
    store.delete(place);
    await expect(driver.verify(context, given)).rejects.toThrow(failure('not-stored'));
  });

  it('says that something else stands where the endpoint key belongs', async () => {
    const server = boardWithId();
    server.settings.set('keyline/key', Buffer.from('vendor test'));
    server.files.set('/lfs/keyline.key', Buffer.from('vendor test'));
    expect((await driver.inspect(contextOf(server.port))).kind).toBe('other');
  });

  it('fails a device that refuses to write, with the device’s reason and no secret', async () => {
    const server = boardWithId();
    const group = isSettings ? 3 : 8;
    server.override = (request) =>
      request === `${group}/0`
        ? [
            [
              'err',
              new Map([
                ['group', group],
                ['rc', 5],
              ]),
            ],
          ]
        : undefined;
    using given = values();
    const error: unknown = await driver
      .write(contextOf(server.port), given)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'DeviceFailure', code: 'write-refused' });
    expect(String(error)).toContain(`group ${group}, rc 5`);
    expect(String(error)).not.toContain(Buffer.from(SECRET).toString('hex'));
  });
});

describe('an SMP device with settings', () => {
  const driver = driverOf(profileText('zephyr-smp-settings'));

  it('is failed when it said that it saved and did not', async () => {
    const server = boardWithId();
    server.isForgetful = true;
    const context = contextOf(server.port);
    using given = values();
    await driver.write(context, given);
    await expect(driver.verify(context, given)).rejects.toThrow(failure('not-stored'));
  });

  it('is failed when it refuses to save', async () => {
    const server = boardWithId();
    server.override = (request) =>
      request === '3/3'
        ? [
            [
              'err',
              new Map([
                ['group', 3],
                ['rc', 8],
              ]),
            ],
          ]
        : undefined;
    using given = values();
    await expect(driver.write(contextOf(server.port), given)).rejects.toThrow(
      failure('write-refused'),
    );
  });

  it('is not read before it was restarted', async () => {
    const server = boardWithId();
    const context = contextOf(server.port);
    using given = values();
    await driver.write(context, given);
    server.override = (request) => (request === '0/5' ? [['rc', 8]] : undefined);
    await expect(driver.verify(context, given)).rejects.toThrow(failure('write-refused'));
  });

  it('is waited for while it restarts, and not for ever', async () => {
    const server = boardWithId();
    const context = contextOf(server.port);
    using given = values();
    await driver.write(context, given);
    let deafFor = 2;
    server.tamper = (lines, request) => (request === '0/0' && deafFor-- > 0 ? [] : lines);
    expect((await driver.verify(context, given)).kind).toBe('readback');

    const impatient = driverOf(
      profileText('zephyr-smp-settings').replace('timeoutMs: 15000', 'timeoutMs: 1'),
    );
    server.tamper = (lines, request) => (request === '0/0' ? [] : lines);
    await expect(impatient.verify(context, given)).rejects.toThrow(failure('no-answer'));
  });

  it('gives its port away while a restart takes the port along', async () => {
    const server = boardWithId();
    const context = contextOf(server.port);
    const text = profileText('zephyr-smp-settings').replace(
      'waitMs: 1',
      'waitMs: 1\n    reopen: true',
    );
    using given = values();
    await driver.write(context, given);
    await driverOf(text).verify(context, given);
    expect(context.releases).toEqual(['released', 'taken back']);
  });
});

describe('an SMP upload', () => {
  const driver = driverOf(profileText('zephyr-smp-fs'));

  it('goes on where the device says, when a piece was lost', async () => {
    const server = boardWithId();
    let pieces = 0;
    server.override = (request, body) =>
      request === '8/0' && pieces++ === 1 ? [['off', (body.get('off') as number) - 8]] : undefined;
    server.bufferBytes = 96;
    using given = valuesWith({ endpoint_key: ENDPOINT_KEY, secret: new Uint8Array(200).fill(7) });
    const context = contextOf(server.port);
    await driver.write(context, given);
    expect((await driver.verify(context, given)).kind).toBe('digest');
  });

  it('ends when the device never gets on, or tells an offset beyond what it was sent', async () => {
    const server = boardWithId();
    using given = values();
    server.override = (request) => (request === '8/0' ? [['off', 0]] : undefined);
    await expect(driver.write(contextOf(server.port), given)).rejects.toThrow(
      failure('write-refused'),
    );
    server.override = (request) => (request === '8/0' ? [['off', 9_999]] : undefined);
    await expect(driver.write(contextOf(server.port), given)).rejects.toThrow(failure('garbage'));
  });

  it('fails a device whose hash is none', async () => {
    const server = boardWithId();
    using given = values();
    const context = contextOf(server.port);
    await driver.write(context, given);
    server.override = (request) =>
      request === '8/2 read' ? [['output', Buffer.alloc(4)]] : undefined;
    await expect(driver.verify(context, given)).rejects.toThrow(failure('garbage'));
  });
});

describe('an SMP profile', () => {
  it.each([
    ['a target that is neither', 'setting: keyline/secret', ''],
    ['a value that is not defined', 'value: secret', 'value: secrets'],
    [
      'a place written twice',
      'setting: keyline/key\n  restart',
      'setting: keyline/secret\n  restart',
    ],
    ['a name of more than 31 characters', 'setting: keyline/secret', `setting: ${'k'.repeat(32)}`],
    [
      'a question with two sources',
      'shell: [hwinfo, devid]',
      'shell: [hwinfo, devid]\n    info: v',
    ],
    ['a pattern that does not compile', "'ID: 0x([0-9a-f]+)'", "'ID: 0x([0-9a-f]+'"],
    ['a slip in a name', 'attempts:', 'attempt:'],
    ['no way to tell the hardware id', /identify:\n.*\n.*\n/, ''],
  ] as const)('is refused with %s', (_what, from, to) => {
    expect(() => profileFrom(profileText('zephyr-smp-settings').replace(from, to))).toThrow(/line/);
  });
});
