import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { buildImage } from '../../../src/device/drivers/image-build.ts';
import { imageKind } from '../../../src/device/drivers/image.ts';
import { ImageFolder } from '../../../src/device/drivers/image-folder.ts';
import type { Driver } from '../../../src/device/driver.ts';
import { createMemoryPort } from '../../../src/device/ports/memory-port.ts';
import { parseIntelHex } from '../../../src/formats/intel-hex.ts';
import { parseUf2 } from '../../../src/formats/uf2.ts';
import { endpointKeyOf } from '../../../src/model/ids.ts';
import { readNvs } from '../../formats/nvs-reader.ts';
import { contextOf, profileFrom, valuesWith } from './driver-context.ts';

const ENDPOINT_KEY = endpointKeyOf(Uint8Array.from({ length: 16 }, (_, at) => at));
const SECRET = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at);
const PROGRAM = fileURLToPath(new URL('./fake-programmer.sh', import.meta.url));
const PROFILE = readFileSync(
  new URL('../../../fixtures/profiles/esp32-nvs.yaml', import.meta.url),
  'utf8',
);

let directory = '';
let flash = '';
let temporary: string | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyline-test-'));
  flash = join(directory, 'flash');
  // What the driver leaves behind would be found here.
  temporary = process.env['TMPDIR'];
  await mkdir(join(directory, 'tmp'));
  process.env['TMPDIR'] = join(directory, 'tmp');
  process.env['KEYLINE_PASSPHRASE_FILE'] = 'not for programmers';
});
afterEach(async () => {
  delete process.env['KEYLINE_PASSPHRASE_FILE'];
  if (temporary === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = temporary;
  await rm(directory, { recursive: true });
});

function step(verb: string, success: string, file = ''): string {
  const argv = ['sh', PROGRAM, verb, flash, ...(file ? [file] : [])];
  return `{ argv: ${JSON.stringify(argv)}, success: ${JSON.stringify(success)} }`;
}

const STEPS = {
  identify: () => step('mac', 'MAC: (\\S+)$'),
  inspect: () => step('read', 'Read \\d+ bytes', '{readback}'),
  write: () => `[${step('write', 'Hash of data verified', '{image}')}]`,
  verify: () => `[${step('verify', 'verify OK', '{image}')}]`,
};

/** The profile with the fake programmer in esptool's place. */
function driverOf(changed: Partial<Record<keyof typeof STEPS, string>> = {}): Driver {
  const file = PROFILE.slice(0, PROFILE.indexOf('  identify:\n'));
  const steps = Object.entries(STEPS).map(
    ([name, make]) => `  ${name}: ${changed[name as keyof typeof STEPS] ?? make()}\n`,
  );
  return imageKind.create(profileFrom(file + steps.join('')));
}

function context(signal = new AbortController().signal) {
  return contextOf(createMemoryPort().port, { signal });
}

function values() {
  return valuesWith({ endpoint_key: ENDPOINT_KEY, secret: SECRET });
}

function failure(code: string): Error {
  return expect.objectContaining({ name: 'DeviceFailure', code }) as Error;
}

async function leftBehind(): Promise<string[]> {
  return readdir(join(directory, 'tmp'), { recursive: true });
}

describe('the profile esp32-nvs', () => {
  it('takes a blank device to a verified one, and leaves no image behind', async () => {
    await writeFile(flash, Buffer.alloc(0x3000, 0xff));
    const driver = driverOf();
    const given = context();
    expect(await driver.identify(given)).toBe('30:ae:a4:12:34:56');
    expect(await driver.inspect(given)).toEqual({ kind: 'none' });
    using unit = values();
    await driver.write(given, unit);
    expect((await driver.verify(given, unit)).kind).toBe('programmer');
    expect(await driver.inspect(given)).toEqual({
      kind: 'endpoint-key',
      endpointKey: ENDPOINT_KEY,
    });
    expect(readNvs(await readFile(flash))).toEqual(
      new Map([
        ['keyline/key', Buffer.from(ENDPOINT_KEY).toString('hex')],
        ['keyline/secret', Buffer.from(SECRET).toString('hex')],
      ]),
    );
    // Each visit has the port to itself.
    expect(given.releases).toEqual(
      Array.from({ length: 5 }, () => ['released', 'taken back']).flat(),
    );
    expect(await leftBehind()).toEqual([]);
  });

  it('hands the image over as a file of mode 0600', async () => {
    using unit = values();
    await driverOf().write(context(), unit);
    const seen = await readFile(`${flash}.seen`, 'utf8');
    expect(seen.trim()).toMatch(/\/keyline-image-[^/]+\/image\.bin 600$/);
  });

  it('never verifies a flash that differs by one bit', async () => {
    const driver = driverOf();
    using unit = values();
    await driver.write(context(), unit);
    const bytes = await readFile(flash);
    bytes.writeUInt8(bytes.readUInt8(0x100) ^ 1, 0x100);
    await writeFile(flash, bytes);
    await expect(driver.verify(context(), unit)).rejects.toThrow(failure('programmer-failed'));
    expect(await leftBehind()).toEqual([]);
  });

  it('leaves no image behind when the programmer fails, is missing, or never ends', async () => {
    const image = '"{image}"';
    using unit = values();
    const runs: [string, string][] = [
      [`[{ argv: ["false", ${image}], success: x }]`, 'programmer-failed'],
      [`[{ argv: ["no-such-programmer", ${image}], success: x }]`, 'programmer-missing'],
      [
        `[{ argv: ["sh", "-c", "sleep 1000", ${image}], success: x, timeoutMs: 50 }]`,
        'programmer-timeout',
      ],
      [`[{ argv: ["echo", "done and Error:", ${image}], success: done }]`, 'programmer-failed'],
    ];
    for (const [write, code] of runs) {
      const given = context();
      await expect(driverOf({ write }).write(given, unit)).rejects.toThrow(failure(code));
      expect(given.releases).toEqual(['released', 'taken back']);
      expect(await leftBehind()).toEqual([]);
    }
  });

  it('says what it finds: another image, two keys, nothing read', async () => {
    const driver = driverOf();
    await writeFile(flash, Buffer.alloc(0x3000, 'vendor'));
    expect((await driver.inspect(context())).kind).toBe('other');
    const second = endpointKeyOf(new Uint8Array(16).fill(9));
    await writeFile(flash, `${ENDPOINT_KEY}\0${second}`);
    expect((await driver.inspect(context())).kind).toBe('other');
    await writeFile(flash, Buffer.alloc(0x3000));
    expect((await driver.inspect(context())).kind).toBe('none');
    const silent = driverOf({ inspect: '{ argv: ["echo", "Read", "{readback}"], success: Read }' });
    await expect(silent.inspect(context())).rejects.toThrow(failure('programmer-failed'));
  });

  it('fails a unit whose value does not fit, without the value', async () => {
    using unit = valuesWith({ endpoint_key: 'x'.repeat(4001), secret: SECRET });
    await expect(driverOf().write(context(), unit)).rejects.toThrow(failure('write-refused'));
    expect(await leftBehind()).toEqual([]);
  });

  it('hands a command file over to programmers that take one', async () => {
    const write =
      '[{ argv: ["sh", "{script}"], script: "cat {image} > /dev/null && echo done\\n", success: "^done$" }]';
    using unit = values();
    await driverOf({ write }).write(context(), unit);
    expect(await leftBehind()).toEqual([]);
  });
});

describe('an image folder', () => {
  it('is wiped when its process was killed, by the next one', async () => {
    const { pid } = spawnSync('true');
    const orphan = join(directory, `keyline-image-${pid}-abc`);
    await mkdir(orphan);
    await writeFile(join(orphan, 'image.bin'), SECRET);
    await using folder = await ImageFolder.create(directory);
    await using other = await ImageFolder.create(directory);
    expect(
      (await readdir(directory)).filter((name) => name.startsWith('keyline-image-')).sort(),
    ).toEqual([folder, other].map(({ path }) => path.slice(directory.length + 1)).sort());
  });

  it('says so when it cannot be made', async () => {
    await expect(ImageFolder.create(join(directory, 'nowhere'))).rejects.toThrow(
      expect.objectContaining({ code: 'output-unwritable' }) as Error,
    );
  });
});

describe('an image of fields', () => {
  const base = {
    sizeBytes: 64,
    fields: [
      { offset: 4, value: 'key', sizeBytes: 8 },
      { offset: 16, value: 'secret' },
    ],
  };
  const copyOf = (name: string): Uint8Array =>
    name === 'key' ? Uint8Array.from(Buffer.from('abc')) : Uint8Array.from(SECRET);
  const wanted = Buffer.alloc(64, 0xff);
  wanted.fill(0, 4, 12);
  wanted.write('abc', 4);
  wanted.set(SECRET, 16);

  it('has each value at its offset, in raw, Intel HEX and UF2', () => {
    const raw = buildImage({ format: 'raw', ...base }, copyOf);
    expect(Buffer.from(raw).equals(wanted)).toBe(true);
    const hex = buildImage({ format: 'intel-hex', address: 0x7f000, ...base }, copyOf);
    expect(parseIntelHex(hex)).toEqual([{ address: 0x7f000, bytes: Uint8Array.from(wanted) }]);
    const file = buildImage(
      { format: 'uf2', address: 0x101ff000, familyId: 0xe48bff56, ...base },
      copyOf,
    );
    const read = parseUf2(file);
    expect(Buffer.from(read.bytes.subarray(0, 64)).equals(wanted)).toBe(true);
    expect(read.address).toBe(0x101ff000);
  });

  it.each([
    [
      'overlap',
      [
        { offset: 0, value: 'secret' },
        { offset: 31, value: 'key' },
      ],
    ],
    ['end beyond it', [{ offset: 33, value: 'secret' }]],
    ['are longer than their room', [{ offset: 0, value: 'secret', sizeBytes: 31 }]],
  ])('is not made of fields that %s', (_what, fields) => {
    expect(() => buildImage({ format: 'raw', sizeBytes: 64, fields }, copyOf)).toThrow(
      expect.objectContaining({ code: 'image-invalid' }) as Error,
    );
  });
});

describe('an image profile', () => {
  it('is the shipped one', () => {
    expect(profileFrom(PROFILE).driver).toBe('image');
  });

  it.each([
    ['an argument that names a value', "verify_flash, '0x9000'", "verify_flash, '{secret}'"],
    [
      'a verify that does not look at the image',
      "verify_flash, '0x9000', '{image}'",
      "verify_flash, '0x9000'",
    ],
    ['an inspect that reads nothing back', "'0x3000', '{readback}'", "'0x3000'"],
    ['a script that is not there', "verify_flash, '0x9000'", "verify_flash, '{script}'"],
    ['an identity that nobody tells', 'from: programmer', 'from: device'],
    ['a value that is not defined', 'value: secret', 'value: secrets'],
    ['an NVS key of 16 characters', 'key: secret', `key: ${'k'.repeat(16)}`],
    ['an NVS key twice', 'key: secret', 'key: key'],
    ['a partition that is none', 'sizeBytes: 0x3000', 'sizeBytes: 0x3001'],
    ['a number that takes a value', 'type: blob', 'type: u8'],
    ['a step without a success pattern', "success: 'Hash of data verified'", 'timeoutMs: 1'],
    ['a pattern that matches nothing at all', "success: 'Hash of data verified'", "success: '.*'"],
  ])('is refused with %s', (_what, from, to) => {
    expect(PROFILE).toContain(from);
    expect(() => profileFrom(PROFILE.replace(from, to))).toThrow(/line/);
  });
});
