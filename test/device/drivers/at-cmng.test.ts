import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { atCmngKind } from '../../../src/device/drivers/at-cmng.ts';
import { AtClient } from '../../../src/device/drivers/at-cmng-client.ts';
import type { Driver } from '../../../src/device/driver.ts';
import { createMemoryPort } from '../../../src/device/ports/memory-port.ts';
import type { DeviceValues } from '../../../src/device/values.ts';
import { contextOf, profileFrom, valuesWith } from './driver-context.ts';
import { FakeModem } from './fake-modem.ts';

const FILE = new URL('../../../fixtures/profiles/nrf91.yaml', import.meta.url);
const TEXT = readFileSync(FILE, 'utf8')
  .replace('timeoutMs: 5000', 'timeoutMs: 20')
  .replace('waitMs: 1000', 'waitMs: 1')
  .replace('timeoutMs: 15000', 'timeoutMs: 100');
const SECRET = '00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef';
const TAG = 16842753;

function driverOf(text = TEXT): Driver {
  return atCmngKind.create(profileFrom(text));
}

function values(secret = SECRET): DeviceValues {
  return valuesWith({ endpoint_key: 'ek_something', secret: Buffer.from(secret) });
}

function failure(code: string): Error {
  return expect.objectContaining({ name: 'DeviceFailure', code }) as Error;
}

/** A profile of one PEM credential. */
const PEM_PROFILE = TEXT.replace(/ {4}- tag[\s\S]*$/, '')
  .concat('    - tag: 5\n      type: root-ca\n      value: trust\n  restart: false\n')
  .replace('  secret:\n    column: endpoint_secret:hex', '  trust:\n    trustAnchor: pem');

describe('the profile nrf91', () => {
  it('takes a blank modem to a verified one', async () => {
    const modem = new FakeModem();
    const context = contextOf(modem.port);
    const driver = driverOf();
    expect(await driver.identify(context)).toBe('352656100367872');
    expect(await driver.captures?.(context)).toEqual({
      modem_firmware: 'mfw_nrf9160_1.3.6',
      device_uuid: '50503041-3633-4261-803d-1e2b8f70111a',
    });
    expect(await driver.inspect(context)).toEqual({ kind: 'none' });
    using given = values();
    await driver.write(context, given);
    expect(await driver.verify(context, given)).toEqual({
      kind: 'digest',
      detail: `SHA-256 of tag ${TAG}, psk; tag ${TAG}, psk-identity`,
    });
    expect(modem.credentials.get(`${TAG},3`)?.toString()).toBe(SECRET);
    expect(modem.credentials.get(`${TAG},4`)?.toString()).toBe('ek_something');
    const digest = createHash('sha256').update(SECRET).digest('hex');
    expect(await driver.inspect(context)).toEqual({ kind: 'digest', digest });
  });

  it('does the same with the modem’s echo on, byte by byte', async () => {
    const modem = new FakeModem();
    modem.hasEcho = true;
    modem.device.faults = { isSlow: true };
    const driver = driverOf(TEXT.replace('timeoutMs: 20', 'timeoutMs: 4000'));
    const context = contextOf(modem.port);
    using given = values();
    expect(await driver.identify(context)).toBe('352656100367872');
    await driver.write(context, given);
    expect((await driver.verify(context, given)).kind).toBe('digest');
  });

  it('deletes what stands in its place where the modem refuses to write over it', async () => {
    const modem = new FakeModem();
    modem.isStrict = true;
    modem.credentials.set(`${TAG},3`, Buffer.from('00'));
    const context = contextOf(modem.port);
    using given = values();
    await driverOf().write(context, given);
    expect((await driverOf().verify(context, given)).kind).toBe('digest');
    expect(modem.commands).toContain(`AT%CMNG=3,${TAG},3`);
  });

  it('compares the digest of the bytes where the profile says that the modem digests these', async () => {
    const modem = new FakeModem();
    modem.pskDigest = 'bytes';
    const context = contextOf(modem.port);
    using given = values();
    await driverOf().write(context, given);
    await expect(driverOf().verify(context, given)).rejects.toThrow(failure('verify-mismatch'));
    const bytes = driverOf(TEXT.replace('digestOf: text', 'digestOf: bytes'));
    expect((await bytes.verify(context, given)).kind).toBe('digest');
  });

  it('never verifies what is another text by one character', async () => {
    const modem = new FakeModem();
    const context = contextOf(modem.port);
    using given = values();
    await driverOf().write(context, given);
    for (const wrong of [SECRET.toUpperCase(), `${SECRET}0`, SECRET.slice(1), `${SECRET}\n`]) {
      modem.credentials.set(`${TAG},3`, Buffer.from(wrong));
      await expect(driverOf().verify(context, given)).rejects.toThrow(failure('verify-mismatch'));
    }
    modem.credentials.delete(`${TAG},3`);
    await expect(driverOf().verify(context, given)).rejects.toThrow(failure('not-stored'));
  });

  it('fails a modem that says OK and stores nothing', async () => {
    const modem = new FakeModem();
    modem.isForgetful = true;
    const context = contextOf(modem.port);
    using given = values();
    await driverOf().write(context, given);
    await expect(driverOf().verify(context, given)).rejects.toThrow(failure('not-stored'));
  });

  it('fails a modem that has lost at its restart what it listed before', async () => {
    const modem = new FakeModem();
    modem.isVolatile = true;
    const context = contextOf(modem.port);
    using given = values();
    await driverOf().write(context, given);
    expect(modem.credentials.size).toBe(2);
    await expect(driverOf().verify(context, given)).rejects.toThrow(failure('not-stored'));
  });

  it('verifies no modem that does not restart, or does not come back', async () => {
    const modem = new FakeModem();
    const context = contextOf(modem.port);
    using given = values();
    await driverOf().write(context, given);
    modem.override = (command) => (command === 'AT#XRESET' ? ['ERROR'] : undefined);
    await expect(driverOf().verify(context, given)).rejects.toThrow(failure('write-refused'));
    let isDown = false;
    modem.override = (command) => {
      if (isDown) return [];
      isDown = command === 'AT#XRESET';
      return undefined;
    };
    await expect(driverOf().verify(context, given)).rejects.toThrow(failure('no-answer'));
  });

  it.each([
    [514, 'no access'],
    [515, 'full'],
    [518, 'active'],
    [999, 'CME 999'],
  ])('says what CME error %i means', async (number, words) => {
    const modem = new FakeModem();
    modem.override = (command) =>
      command.startsWith('AT%CMNG=0') ? [`+CME ERROR: ${number}`] : undefined;
    using given = values();
    const error: unknown = await driverOf()
      .write(contextOf(modem.port), given)
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: 'DeviceFailure', code: 'write-refused' });
    expect(String(error)).toContain(words);
    expect(String(error)).not.toContain(SECRET);
  });

  it('takes CME 513 for nothing there, and ERROR for a refusal', async () => {
    const modem = new FakeModem();
    modem.override = (command) =>
      command.startsWith('AT%CMNG=1') ? ['+CME ERROR: 513'] : undefined;
    expect(await driverOf().inspect(contextOf(modem.port))).toEqual({ kind: 'none' });
    modem.override = (command) => (command.startsWith('AT%CMNG=1') ? ['ERROR'] : undefined);
    await expect(driverOf().inspect(contextOf(modem.port))).rejects.toThrow(
      failure('write-refused'),
    );
  });

  it.each([
    ['another tag', `%CMNG: 7,3,"${'A'.repeat(64)}"`],
    ['another type', `%CMNG: ${TAG},4,"${'A'.repeat(64)}"`],
    ['half a digest', `%CMNG: ${TAG},3,"${'A'.repeat(32)}"`],
  ])('does not take a list that tells %s for an answer', async (_what, line) => {
    const modem = new FakeModem();
    modem.override = (command) => (command.startsWith('AT%CMNG=1') ? [line, 'OK'] : undefined);
    await expect(driverOf().inspect(contextOf(modem.port))).rejects.toThrow(failure('garbage'));
  });

  it('refuses a list with two entries of one place', async () => {
    const modem = new FakeModem();
    const line = `%CMNG: ${TAG},3,"${'A'.repeat(64)}"`;
    modem.override = (command) =>
      command.startsWith('AT%CMNG=1') ? [line, line, 'OK'] : undefined;
    await expect(driverOf().inspect(contextOf(modem.port))).rejects.toThrow(failure('garbage'));
  });
});

describe('a modem’s open quote', () => {
  it('is closed when a write got no answer', async () => {
    const modem = new FakeModem();
    const take = modem.device.onWrite;
    modem.device.onWrite = (bytes) => {
      // The end of the write and its closing quote are lost on the way.
      const isWrite = Buffer.from(bytes).includes('CMNG=0');
      take(isWrite ? bytes.subarray(0, -6) : bytes);
    };
    const { port } = modem;
    const client = new AtClient({ port, signal: new AbortController().signal, timeoutMs: 20 });
    const written = client.commandWithContent('AT%CMNG=0,1,3,', Buffer.from('00112233'));
    await expect(written).rejects.toThrow(failure('timeout'));
    expect(modem.isInQuote).toBe(false);
    expect(modem.commands.at(-1)).toBe('AT');
  });

  it('is closed when the signal ends a write', async () => {
    const modem = new FakeModem();
    const stop = new AbortController();
    modem.override = (command) => {
      if (!command.startsWith('AT%CMNG=0')) return undefined;
      stop.abort();
      return [];
    };
    using given = values();
    const writing = driverOf().write(contextOf(modem.port, { signal: stop.signal }), given);
    await expect(writing).rejects.toThrow(
      expect.objectContaining({ code: 'interrupted' }) as Error,
    );
    expect(modem.commands.at(-1)).toBe('AT');
  });

  it('left by a crash does not keep the next visit from listening and writing', async () => {
    const modem = new FakeModem();
    modem.isActive = false;
    await modem.port.write(Buffer.from(`AT%CMNG=0,${TAG},3,"0011`));
    const context = contextOf(modem.port);
    expect(await driverOf().identify(context)).toBe('352656100367872');
    using given = values();
    await driverOf().write(context, given);
    expect((await driverOf().verify(context, given)).kind).toBe('digest');
  });
});

describe('a modem that does not do its part', () => {
  it('is told apart: silent, noisy, unplugged', async () => {
    const silent = createMemoryPort();
    await expect(driverOf().identify(contextOf(silent.port))).rejects.toThrow(failure('no-answer'));
    const noisy = createMemoryPort({
      onWrite: () => {
        noisy.device.feed(Uint8Array.of(0xff, 0xfe, 0x0d));
      },
    });
    await expect(driverOf().identify(contextOf(noisy.port))).rejects.toThrow(failure('garbage'));
    const pulled = createMemoryPort({ faults: { unplugAfterReceived: 2 } });
    await expect(driverOf().identify(contextOf(pulled.port))).rejects.toThrow(failure('port-gone'));
  });

  it('fails an id that does not look like one', async () => {
    const modem = new FakeModem();
    modem.override = (command) => (command === 'AT+CGSN' ? ['+CME ERROR: 3'] : undefined);
    await expect(driverOf().identify(contextOf(modem.port))).rejects.toThrow(
      failure('write-refused'),
    );
    modem.override = (command) => (command === 'AT+CGSN' ? ['hello', 'OK'] : undefined);
    await expect(driverOf().identify(contextOf(modem.port))).rejects.toThrow(failure('garbage'));
  });
});

describe('what is written to a modem', () => {
  it('is a PEM with its line ends, byte for byte', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    const modem = new FakeModem();
    modem.hasEcho = true;
    const context = contextOf(modem.port);
    const driver = driverOf(PEM_PROFILE);
    using given = valuesWith({ trust: pem });
    await driver.write(context, given);
    expect(modem.credentials.get('5,0')?.toString()).toBe(pem);
    expect((await driver.verify(context, given)).kind).toBe('digest');
  });

  it.each([
    ['a quote, after which more would run as a command', '00"\r\nAT%CMNG=3,1,3\r\n'],
    ['a control character', '00\x1a'],
    ['nothing', ''],
    ['no hexadecimal', 'xyz0'],
    ['half a byte', '001'],
  ])('is never %s', async (_what, secret) => {
    const modem = new FakeModem();
    using given = values(secret);
    await expect(driverOf().write(contextOf(modem.port), given)).rejects.toThrow(
      failure('write-refused'),
    );
    expect(modem.commands.some((command) => command.startsWith('AT%CMNG'))).toBe(false);
  });
});

describe('an at-cmng profile', () => {
  it.each([
    ['a tag kept for tests', 'tag: 16842753', 'tag: 2147483648'],
    ['a psk that is not hexadecimal', 'endpoint_secret:hex', 'endpoint_secret:base64'],
    ['a psk without digestOf', '      digestOf: text\n', ''],
    ['nothing said of its restart', /  restart:[\s\S]*$/, ''],
    ['a value that is not defined', 'value: secret', 'value: secrets'],
    ['two of one place', 'type: psk-identity', 'type: psk\n      digestOf: text'],
    ['a command that is none', 'command: AT+CGSN', 'command: CGSN'],
    ['a pattern that does not compile', "'^([0-9]{15})$'", "'^([0-9]{15}$'"],
  ])('is refused with %s', (_what, from, to) => {
    expect(() => profileFrom(TEXT.replace(from, to))).toThrow(/line/);
  });
});
