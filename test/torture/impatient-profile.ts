import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** The shipped profiles that are tortured. */
export const PROFILES = [
  'linux-shell',
  'zephyr-smp-settings',
  'zephyr-smp-fs',
  'nrf91',
  'esp32-nvs',
] as const;
export type ProfileName = (typeof PROFILES)[number];

const SHIPPED = join(import.meta.dirname, '../../fixtures/profiles');
/** Simulated devices answer at once; one that says nothing is not waited for as a real one is. */
const MOST_MS = 400;
const PROGRAM_MS = 5_000;

/** Writes a shipped profile into `folder` with all its waits cut short; returns its path. */
export function writeImpatientProfile(name: ProfileName, folder: string): string {
  return writeProfile(name, folder, MOST_MS);
}

/** The same for devices that have nothing wrong with them and must get done, on a machine that is busy. */
export function writePatientProfile(name: ProfileName, folder: string): string {
  mkdirSync(folder, { mode: 0o700 });
  return writeProfile(name, folder, PROGRAM_MS);
}

function writeProfile(name: ProfileName, folder: string, mostMs: number): string {
  const text = readFileSync(join(SHIPPED, `${name}.yaml`), 'utf8');
  const path = join(folder, `${name}.yaml`);
  const cut = (key: unknown, value: unknown): unknown => cutShort(String(key), value, mostMs);
  writeFileSync(path, stringify(parse(text, cut) as object));
  return path;
}

function cutShort(key: string, value: unknown, mostMs: number): unknown {
  if (typeof value !== 'number' || !key.endsWith('Ms')) return value;
  // Longer than a simulated restart takes.
  if (key === 'waitMs') return Math.min(value, 150);
  // Programs have to be started first.
  return Math.min(value, value >= 30_000 ? PROGRAM_MS : mostMs);
}
