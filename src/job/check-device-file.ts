import { KeylineError } from '../kernel/errors.ts';
import { parseJig } from '../device/jig.ts';
import type { Jig } from '../device/jig.ts';
import { parseProfile } from '../device/profile.ts';
import type { DeviceProfile } from '../device/profile-model.ts';
import type { FileIssue } from '../device/yaml-file.ts';
import { readDeviceFile } from './read-device-file.ts';

/** What a check of a profile or a jig found. */
export interface CheckedFile {
  readonly file: string;
  readonly name: string | undefined;
  readonly issues: readonly FileIssue[];
}

/** Reads a profile file, or a shipped profile by its name, and finds every mistake. Throws `not-found`. */
export async function checkProfile(file: string): Promise<CheckedFile> {
  const { profile, issues } = parseProfile(await readDeviceFile('profile', file));
  return { file, name: profile?.name, issues };
}

/** Reads a jig file and finds every mistake. Throws `not-found`. */
export async function checkJig(file: string): Promise<CheckedFile> {
  const { jig, issues } = parseJig(await readDeviceFile('jig', file));
  return { file, name: jig?.name, issues };
}

/** The profile in a file, or the shipped one of this name. Throws `not-found`, `profile-invalid`. */
export async function loadProfile(file: string): Promise<DeviceProfile> {
  const { profile, issues } = parseProfile(await readDeviceFile('profile', file));
  if (!profile) throw invalidFile('profile', { file, issues });
  return profile;
}

/** The jig in a file. Throws `not-found`, `jig-invalid`. */
export async function loadJig(file: string): Promise<Jig> {
  const { jig, issues } = parseJig(await readDeviceFile('jig', file));
  if (!jig) throw invalidFile('jig', { file, issues });
  return jig;
}

/** `line:column: message`. */
export function formatIssue({ line, column, message }: FileIssue): string {
  return `${line}:${column}: ${message}`;
}

/** The error for a file with mistakes, which stand in its facts. */
export function invalidFile(
  kind: 'profile' | 'jig',
  { file, issues }: Pick<CheckedFile, 'file' | 'issues'>,
): KeylineError {
  const [first] = issues;
  const count = issues.length === 1 ? '1 mistake' : `${issues.length} mistakes`;
  return new KeylineError(kind === 'profile' ? 'profile-invalid' : 'jig-invalid', {
    message: `${file} has ${count}${first ? `; the first: ${formatIssue(first)}` : ''}`,
    facts: { file, issues: issues.map(formatIssue) },
  });
}
