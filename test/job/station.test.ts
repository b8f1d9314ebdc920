import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Home } from '../../src/home/home.ts';
import { openStation } from '../../src/job/open-station.ts';
import { initStation } from '../../src/job/station-init.ts';
import { showStation } from '../../src/job/station-show.ts';
import { toBase64, utf8 } from '../../src/kernel/bytes.ts';
import { Secret } from '../../src/kernel/secret.ts';
import { encrypt } from '../../src/keystore/age-file.ts';
import { parseRecipient } from '../../src/keystore/age-recipient.ts';
import type { Credentials } from '../../src/keystore/credentials.ts';
import { spkiOf } from '../../src/model/hierarchy.ts';
import { openStationCard } from '../../src/seals/station-card.ts';
import { ALICE, BOB, identityFileOf, temporaryFolder } from '../keystore/credentials-of.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let alice: Credentials;
let homes = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  alice = await identityFileOf(folder.path, ALICE.identity);
});
afterAll(() => folder[Symbol.asyncDispose]());

function emptyHome(): Home {
  return Home.at(join(folder.path, `home-${homes++}`));
}

async function fileFor(recipient: string, text: string): Promise<Uint8Array> {
  const recipients = [await parseRecipient(recipient)];
  return encrypt(Secret.take(utf8(text)), { type: 'recipients', recipients });
}

test('a station opens with its key and reads what is encrypted to its card', async () => {
  const home = emptyHome();
  const { card } = await initStation(home, { name: 'line-1', recipients: [] }, alice);
  expect((await stat(home.stationFile)).mode & 0o777).toBe(0o600);
  using station = await openStation(home, alice);
  expect(station.card).toEqual(card);
  expect(toBase64(spkiOf(station.signingKey))).toBe(card.stationKey);
  const plain = await station.decrypt(await fileFor(card.recipient, 'a grant'));
  expect(new TextDecoder().decode(plain)).toBe('a grant');
});

test('a station refuses what is for another one, and what was altered', async () => {
  const home = emptyHome();
  const { card } = await initStation(home, { name: 'line-1', recipients: [] }, alice);
  using station = await openStation(home, alice);
  const foreign = await fileFor(BOB.recipient, 'a grant');
  await expect(station.decrypt(foreign)).rejects.toMatchObject({ code: 'grant-foreign' });
  const altered = await fileFor(card.recipient, 'a grant');
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  await expect(station.decrypt(altered)).rejects.toMatchObject({ code: 'grant-invalid' });
});

test('a machine is a station once only', async () => {
  const home = emptyHome();
  await initStation(home, { name: 'line-1', recipients: [] }, alice);
  const again = initStation(home, { name: 'line-2', recipients: [] }, alice);
  await expect(again).rejects.toMatchObject({ code: 'already-exists' });
});

test('the card that is written out is the one of the home', async () => {
  const home = emptyHome();
  const path = join(folder.path, 'station.card');
  const output = { path, force: false };
  const made = await initStation(home, { name: 'line-1', recipients: [], output }, alice);
  const text = (await readFile(path, 'utf8')).trim();
  expect(text).toBe(made.cardJws);
  expect(await openStationCard(text)).toEqual(made.card);
  await expect(showStation(home, output)).rejects.toMatchObject({ code: 'output-exists' });
});

test('a card file that is taken stops before a station is made', async () => {
  const home = emptyHome();
  const path = join(folder.path, 'taken.card');
  await writeFile(path, '');
  const choices = { name: 'line-1', recipients: [], output: { path, force: false } };
  await expect(initStation(home, choices, alice)).rejects.toMatchObject({ code: 'output-exists' });
  await expect(showStation(home)).rejects.toMatchObject({ code: 'no-station' });
});

test.each(['', 'two\nlines', 'x'.repeat(65)])('%j is no name for a station', async (name) => {
  const made = initStation(emptyHome(), { name, recipients: [] }, alice);
  await expect(made).rejects.toMatchObject({ code: 'usage' });
});

test('secrets of another station than the card are refused', async () => {
  const [one, other] = [emptyHome(), emptyHome()];
  await initStation(one, { name: 'one', recipients: [] }, alice);
  await initStation(other, { name: 'other', recipients: [] }, alice);
  await writeFile(one.stationFile, await readFile(other.stationFile));
  await expect(openStation(one, alice)).rejects.toMatchObject({ code: 'key-mismatch' });
});

test('a file without a station’s secrets is damaged, and not quoted', async () => {
  const home = emptyHome();
  await initStation(home, { name: 'one', recipients: [] }, alice);
  await writeFile(home.stationFile, await fileFor(ALICE.recipient, '{"canary'));
  const error: unknown = await openStation(home, alice).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'key-damaged' });
  expect(JSON.stringify(error) + String(error)).not.toContain('canary');
});
