import { describe, expect, it } from 'vitest';
import { SmpClient } from '../../../src/device/drivers/smp-client.ts';
import type { SmpClientOptions } from '../../../src/device/drivers/smp-client.ts';
import { frameSmpMessage } from '../../../src/device/drivers/smp-frame.ts';
import { decodeSmpMessage, encodeSmpMessage } from '../../../src/device/drivers/smp-message.ts';
import { createMemoryPort } from '../../../src/device/ports/memory-port.ts';
import { FakeSmpServer } from './smp-server.ts';

function clientOf(
  { port }: Pick<FakeSmpServer, 'port'>,
  options: Partial<SmpClientOptions> = {},
): SmpClient {
  return new SmpClient({
    port,
    signal: new AbortController().signal,
    bitsPerSecond: 115_200,
    timeoutMs: 60,
    attempts: 3,
    ...options,
  });
}

const ECHO = { op: 'write', group: 0, id: 0, body: { d: 'hi' } } as const;

function failure(code: string): Error {
  return expect.objectContaining({ name: 'DeviceFailure', code }) as Error;
}

describe('an SMP message', () => {
  it('has the header of the protocol: version and op, flags, length, group, sequence, id', () => {
    const bytes = encodeSmpMessage({
      version: 1,
      op: 2,
      flags: 0,
      group: 0,
      sequence: 42,
      id: 0,
      body: new Map([['d', 'hi']]),
    });
    expect(Buffer.from(bytes).toString('hex')).toBe('0a00000600002a00a16164626869');
  });

  it('is read with a map of indefinite length and untagged byte strings', () => {
    const bytes = Buffer.from('0900000c00030700bf6376616c44deadbeefff', 'hex');
    bytes.writeUInt16BE(bytes.length - 8, 2);
    expect(decodeSmpMessage(bytes)).toEqual({
      version: 1,
      op: 1,
      flags: 0,
      group: 3,
      sequence: 7,
      id: 0,
      body: new Map([['val', Uint8Array.of(0xde, 0xad, 0xbe, 0xef)]]),
    });
  });

  it.each([
    ['a length that is wrong', '0900000700030700bfff'],
    ['no map', '090000010003070001'],
    ['a key twice', '0900000600030700a2616101616102'],
    ['a key that is no text', '0900000300030700a10102'],
    ['an unknown op', '0c00000200030700bfff'],
    ['half a header', '09000002'],
  ])('is refused with %s', (_what, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(decodeSmpMessage(bytes)).toBeUndefined();
  });
});

describe('an SMP client', () => {
  it('takes the answer of its own sequence alone', async () => {
    const server = new FakeSmpServer();
    server.tamper = (lines) => {
      const bytes = Buffer.from(
        Buffer.concat(lines.map((line) => Buffer.from(line).subarray(2, -1))).toString('latin1'),
        'base64',
      );
      const own = bytes.subarray(2, -2);
      const stale = Buffer.from(own);
      stale.writeUInt8((own.readUInt8(6) - 1) & 0xff, 6);
      stale.write('no', own.indexOf('hi'), 'latin1');
      const otherId = Buffer.from(own);
      otherId.writeUInt8(1, 7);
      return [stale, otherId, own].flatMap((message) => frameSmpMessage(message));
    };
    const { body } = await clientOf(server).ask(ECHO);
    expect(body?.get('r')).toBe('hi');
    expect(server.requests).toEqual(['0/0']);
  });

  it('asks again when an answer was damaged on the way', async () => {
    const server = new FakeSmpServer();
    let answers = 0;
    server.tamper = (lines) =>
      answers++ === 0 ? lines.map((line) => line.fill(0x42, 10, 12)) : lines;
    expect((await clientOf(server).ask(ECHO)).body?.get('r')).toBe('hi');
    expect(server.requests).toEqual(['0/0', '0/0']);
  });

  it('reads answers that come byte by byte, with log lines between', async () => {
    const server = new FakeSmpServer();
    server.device.faults = { isSlow: true };
    server.tamper = (lines) => lines.flatMap((line) => [Buffer.from('<inf> app: up\r\n'), line]);
    expect((await clientOf(server, { timeoutMs: 2_000 }).ask(ECHO)).body?.get('r')).toBe('hi');
  });

  it.each<[string, readonly (readonly [string, unknown])[], object | undefined]>([
    ['rc', [['rc', 8]], { group: undefined, rc: 8 }],
    [
      'err',
      [
        [
          'err',
          new Map([
            ['group', 3],
            ['rc', 3],
          ]),
        ],
      ],
      { group: 3, rc: 3 },
    ],
    [
      'ret',
      [
        [
          'ret',
          new Map([
            ['group', 8],
            ['rc', 12],
          ]),
        ],
      ],
      { group: 8, rc: 12 },
    ],
    ['an rc of 0 as success', [['rc', 0]], undefined],
    [
      'a shell’s status as success',
      [
        ['o', 'x'],
        ['ret', 7],
      ],
      undefined,
    ],
    ['an empty map as success', [], undefined],
  ])('understands %s', async (_what, entries, refusal) => {
    const server = new FakeSmpServer();
    server.override = () => entries;
    expect((await clientOf(server).ask(ECHO)).refusal).toEqual(refusal);
  });

  it.each([
    ['text for an rc', [['rc', '8']]],
    ['a number for err', [['err', 3]]],
    ['no rc in err', [['err', new Map([['group', 3]])]]],
    ['null for rc', [['rc', null]]],
  ] as const)('does not take %s for success', async (_what, entries) => {
    const server = new FakeSmpServer();
    server.override = () => entries;
    await expect(clientOf(server).ask(ECHO)).rejects.toThrow(failure('garbage'));
  });

  it('waits between lines as long as they take on the wire', async () => {
    const server = new FakeSmpServer();
    const pauses: number[] = [];
    const slow = new Proxy(server.port, {
      get: (port, name) => {
        const value: unknown = name === 'bitsPerSecond' ? undefined : Reflect.get(port, name);
        return typeof value === 'function' ? (value.bind(port) as unknown) : value;
      },
    });
    const client = clientOf(
      { port: slow },
      {
        bitsPerSecond: 10_000,
        timeoutMs: 1_000,
        pause: (delayMs) => {
          pauses.push(delayMs);
          return Promise.resolve();
        },
      },
    );
    await client.ask({ ...ECHO, body: { d: 'x'.repeat(200) } });
    expect(pauses).toEqual([127, 127]);
  });

  it('says what it heard when no answer comes', async () => {
    const silent = createMemoryPort();
    await expect(clientOf(silent, { attempts: 1 }).ask(ECHO)).rejects.toThrow(failure('no-answer'));

    const logging = createMemoryPort({
      onWrite: () => {
        logging.device.feed('boot ok\r\n');
      },
    });
    await expect(clientOf(logging, { attempts: 1 }).ask(ECHO)).rejects.toThrow(
      failure('no-answer'),
    );

    const noisy = createMemoryPort({
      onWrite: () => {
        noisy.device.feed(Uint8Array.of(0xfe, 0x80));
      },
    });
    await expect(clientOf(noisy, { attempts: 1 }).ask(ECHO)).rejects.toThrow(failure('garbage'));

    const server = new FakeSmpServer();
    const client = clientOf(server);
    await client.ask(ECHO);
    server.device.faults = { isSilent: true };
    await expect(client.ask(ECHO)).rejects.toThrow(failure('timeout'));
  });

  it('is not kept waiting by a device that never stops talking', async () => {
    const { port, device } = createMemoryPort({ bitsPerSecond: 12_000_000 });
    let isOver = false;
    const talk = (): void => {
      device.feed('tick\r\n');
      if (!isOver) setImmediate(talk);
    };
    talk();
    await expect(clientOf({ port }).ask(ECHO)).rejects.toThrow(failure('no-answer'));
    isOver = true;
  });

  it('ends at once with the cable or the signal', async () => {
    const server = new FakeSmpServer();
    server.device.faults = { unplugAfterReceived: 5 };
    await expect(clientOf(server, { timeoutMs: 60_000 }).ask(ECHO)).rejects.toThrow(
      failure('port-gone'),
    );

    const { port } = createMemoryPort();
    const stop = new AbortController();
    const asked = clientOf({ port }, { timeoutMs: 60_000, signal: stop.signal }).ask(ECHO);
    stop.abort();
    await expect(asked).rejects.toThrow(expect.objectContaining({ code: 'interrupted' }) as Error);
  });
});
