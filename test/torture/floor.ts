import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { createSimulator } from '../../src/device/simulator/simulator.ts';
import type { Simulator } from '../../src/device/simulator/simulator.ts';
import { Home } from '../../src/home/home.ts';
import { ledgerPath } from '../../src/home/ledger-paths.ts';
import { loadProfile } from '../../src/job/check-device-file.ts';
import { createLot } from '../../src/job/create-lot.ts';
import { grantLot } from '../../src/job/grant-lot.ts';
import { importLot } from '../../src/job/import-lot.ts';
import { storeKey } from '../../src/job/key-create.ts';
import { initStation } from '../../src/job/station-init.ts';
import { Secret } from '../../src/kernel/secret.ts';
import type { Lot } from '../../src/model/lot.ts';
import { writeImpatientProfile, writePatientProfile } from './impatient-profile.ts';
import type { ProfileName } from './impatient-profile.ts';
import { UnitTable } from './units.ts';

/** What a floor is made of. */
export interface FloorOptions {
  /** Empty; everything of the floor is in it. */
  readonly dir: string;
  /** From which the lot's secret and the devices' ids come. */
  readonly seed: string;
  readonly profile: ProfileName;
  readonly slots: number;
  readonly hasWitness: boolean;
}

/** A station with a grant, the devices in its slots, and what a checker knows beside them. */
export interface Floor extends AsyncDisposable {
  readonly dir: string;
  readonly slots: number;
  readonly home: string;
  readonly identityFile: string;
  readonly lot: Lot;
  readonly profile: ProfileName;
  readonly profilePath: string;
  /** The same with longer waits. */
  readonly patientProfilePath: string;
  readonly ledgerPath: string;
  readonly witness: string | undefined;
  readonly devicesDir: string;
  readonly units: UnitTable;
  simulator: Simulator;
  /** Every device is taken out, and those with these numbers come to slots 1, 2, 3 … */
  putDevices(numbers: readonly number[]): Promise<void>;
}

/** One block: as many units as a grant has at least. */
const LOT_SIZE = 4096;

/** Makes key, lot, grant, station and devices in an empty folder. */
export async function makeFloor(options: FloorOptions): Promise<Floor> {
  const { dir, seed, profile, slots } = options;
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const identityFile = join(dir, 'identity');
  writeFileSync(identityFile, `${identity}\n`, { mode: 0o600 });
  const home = Home.at(join(dir, 'station'));
  const provisioningSecret = createHash('sha256').update(`provisioning ${seed}`).digest();
  const lot = await grantedLot(home, { dir, recipient, identityFile, provisioningSecret });
  const devicesDir = join(dir, 'devices');
  mkdirSync(devicesDir, { mode: 0o700 });
  const profilePath = writeImpatientProfile(profile, dir);
  const open = async (): Promise<Simulator> =>
    createSimulator({ profile: await loadProfile(profilePath), dir: devicesDir, count: slots });
  const state = { seed, profile, next: 1, slots: {} };
  writeFileSync(join(devicesDir, 'simulator.json'), JSON.stringify(state), { mode: 0o600 });
  const floor: Floor = {
    ...{ dir, slots, home: home.path, identityFile, lot, profile, profilePath, devicesDir },
    patientProfilePath: writePatientProfile(profile, join(dir, 'patient')),
    ledgerPath: ledgerPath(home),
    witness: options.hasWitness ? join(dir, 'witness.jws') : undefined,
    units: new UnitTable(lot, provisioningSecret),
    simulator: await open(),
    putDevices: async (numbers) => {
      await floor.simulator.close();
      seat(join(devicesDir, 'simulator.json'), numbers);
      floor.simulator = await open();
    },
    [Symbol.asyncDispose]: () => floor.simulator.close(),
  };
  return floor;
}

/** A simulator remembers which device was in which slot. */
function seat(statePath: string, numbers: readonly number[]): void {
  const state = JSON.parse(readFileSync(statePath, 'utf8')) as { slots: object };
  const slots = Object.fromEntries(numbers.map((device, at) => [String(at + 1), { device }]));
  writeFileSync(statePath, JSON.stringify({ ...state, slots }));
}

/** The owner's part, on a machine of its own: the station has never seen the provisioning secret. */
async function grantedLot(
  station: Home,
  by: {
    readonly dir: string;
    readonly recipient: string;
    readonly identityFile: string;
    readonly provisioningSecret: Uint8Array;
  },
): Promise<Lot> {
  const owner = Home.at(join(by.dir, 'owner'));
  const { recipient, identityFile } = by;
  const credentials = { identityFile };
  const recipients = [recipient];
  using secret = Secret.copyOf(by.provisioningSecret);
  await storeKey(owner, secret, { choices: { use: 'factory', recipients }, credentials });
  const created = await createLot(
    owner,
    {
      ...{ code: 'T1', scheme: 'psk', size: LOT_SIZE, spare: 0, firstNumber: 0 },
      serialTemplate: 'T1-{n:6}',
    },
    { credentials },
  );
  const choices = { name: 'line-1', recipients };
  const { cardJws } = await initStation(station, choices, credentials);
  const path = join(by.dir, 'T1.grant');
  const output = { path, force: false };
  const range = { from: 0, count: LOT_SIZE };
  const request = { lot: 'T1', card: cardJws, range, issue: false, output };
  await grantLot(owner, request, { credentials });
  using content = Secret.take(readFileSync(path));
  await importLot(station, content, { credentials: () => credentials });
  return created.lot;
}
