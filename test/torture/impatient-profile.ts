import { readFileSync, writeFileSync } from 'node:fs';
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
  const text = readFileSync(join(SHIPPED, `${name}.yaml`), 'utf8');
  const path = join(folder, `${name}.yaml`);
  const profile = parse(text, (key, value: unknown) => cutShort(String(key), value)) as object;
  writeFileSync(path, stringify(profile));
  return path;
}

function cutShort(key: string, value: unknown): unknown {
  if (typeof value !== 'number' || !key.endsWith('Ms')) return value;
  // Longer than a simulated restart takes.
  if (key === 'waitMs') return Math.min(value, 150);
  // Programs have to be started first.
  return Math.min(value, value >= 30_000 ? PROGRAM_MS : MOST_MS);
}
