import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportRows } from '../../src/job/export-rows.ts';
import { readDevices } from '../../src/job/device-list.ts';

const ID = 'dv_06h1bbkddez6mdvjprw71t11fm';
const KEY = 'ek_y31pze0x84dvecy1dy5h8xq0jc';
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyline-list-'));
});
afterAll(() => rm(folder, { recursive: true }));

const read = async (text: string) => {
  const path = join(folder, 'list');
  await writeFile(path, text);
  return await readDevices([path]);
};
const refusal = (text: string) => expect(read(text)).rejects;

it('takes a name a line, of any kind, from files of any system', async () => {
  expect(await read(`A-1\r\n\r\n  ${KEY}\n${ID}\nB 2, "red"`)).toEqual([
    { kind: 'serials', name: 'A-1' },
    { kind: 'endpointKeys', name: KEY },
    { kind: 'ids', name: ID },
    { kind: 'serials', name: 'B 2, "red"' },
  ]);
});

it('takes what is no file as a device', async () => {
  expect(await readDevices(['A-1', KEY])).toMatchObject([
    { name: 'A-1' },
    { kind: 'endpointKeys' },
  ]);
});

// Of a name that no folder has, wherever the tests run.
const NONE = `none-${randomUUID()}`;

it.each([`./${NONE}`, `../${NONE}`, `/${NONE}`, `${NONE}.txt`, `${NONE}.csv`])(
  'takes %s, which can only be a file and is not there, for no device',
  async (name) => {
    await expect(readDevices([name])).rejects.toMatchObject({ code: 'not-found' });
  },
);

it('takes a manifest by its serials, and nothing of its other columns', async () => {
  const secret = 'es_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
  expect(await read(`\uFEFFindex,serial,endpoint_secret\n0,A-1,${secret}\n`)).toEqual([
    { kind: 'serials', name: 'A-1' },
  ]);
});

it('takes of a label’s claim URL only the endpoint key', async () => {
  expect(await read(`https://registry.example/c/${KEY}#0123456789abcdef\n`)).toEqual([
    { kind: 'endpointKeys', name: KEY },
  ]);
});

it.each(['csv', 'ndjson'] as const)(
  'reads %s as an export wrote it, reasons and all',
  async (format) => {
    const rows = [
      { serial: '=A1', reason: '=HYPERLINK("x")' },
      { serial: 'B,2', reason: 'two\nlines, "quoted"' },
      { serial: 'C3', reason: "'-1" },
      { serial: 'D4' },
    ];
    const path = join(folder, `export.${format}`);
    const columns = [
      { name: 'serial', value: (row: (typeof rows)[number]) => row.serial },
      { name: 'reason', value: (row: (typeof rows)[number]) => row.reason, isText: true },
    ];
    async function* pages() {
      yield rows.slice(0, 2);
      yield await Promise.resolve(rows.slice(2));
    }
    expect(await exportRows(pages(), { path, force: true }, { format, columns })).toMatchObject({
      rows: 4,
    });
    const named = rows.map(({ serial: name, ...rest }) => ({ kind: 'serials', name, ...rest }));
    expect(await readDevices([path])).toEqual(named);
  },
);

it.each([
  ['an empty file', '\n\n'],
  ['a header and no row', 'serial,reason\n'],
  ['a row that is too short', 'serial,reason\nA-1\n'],
  ['quotes that do not fit', 'serial,reason\n"A"-1,x\n'],
  ['a quote that is never closed', 'serial,reason\nA-1,"x\nB-2,y\n'],
  ['a line that is no JSON', '{"serial":"A-1"}\nB-2\n'],
  ['JSON that names no device', '{"model":"x"}\n'],
  ['an id in another form', 'deviceId\nA-1\n'],
  ['a reason of 257 characters', `serial,reason\nA-1,${'x'.repeat(257)}\n`],
  ['a name of 129 characters', 'x'.repeat(129)],
  ['a control character', 'A-1\u001b[2J'],
  ['an endpoint secret', 'es_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
])('refuses %s with its place, and quotes no secret', async (_what, text) => {
  await refusal(text).toMatchObject({
    code: 'device-list-invalid',
    message: expect.not.stringContaining('es_') as string,
  });
});

it('says on which line the mistake is', async () => {
  await refusal('serial,reason\nA-1,"two\nlines"\n\u0007,x\n').toMatchObject({
    message: expect.stringMatching(/line 4: /) as string,
  });
});
