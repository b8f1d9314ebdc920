import { readFile, readdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { assetUrl } from '../kernel/asset.ts';
import { KeylineError, isErrno } from '../kernel/errors.ts';
import { nearest } from '../device/schema-issues.ts';

const MOST_BYTES = 1024 * 1024;

/** The text of a profile or a jig; a profile without a slash or an ending is one of those shipped. Throws `not-found`. */
export async function readDeviceFile(kind: 'profile' | 'jig', file: string): Promise<string> {
  const isShipped = kind === 'profile' && /^[a-z0-9][a-z0-9-]*$/.test(file);
  const path = isShipped ? fileURLToPath(shippedProfile(file)) : file;
  try {
    const { size } = await stat(path);
    if (size <= MOST_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'].some((code) => isErrno(error, code)))
      throw error;
  }
  throw await missing(kind, file, isShipped);
}

/** Names of the profiles that come with keyline, sorted. */
export async function shippedProfiles(): Promise<string[]> {
  const names = await readdir(fileURLToPath(new URL('.', shippedProfile('any'))));
  return names
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

function shippedProfile(name: string): URL {
  return new URL(`../fixtures/profiles/${name}.yaml`, assetUrl('main.js'));
}

async function missing(
  kind: 'profile' | 'jig',
  file: string,
  isShipped: boolean,
): Promise<KeylineError> {
  const shipped = isShipped ? await shippedProfiles() : [];
  const guess = nearest(file, shipped);
  return new KeylineError('not-found', {
    message: `there is no ${kind} ${JSON.stringify(file)} to read`,
    ...(shipped.length > 0 && {
      hint: guess
        ? `Did you mean ${guess}? A file of your own is named with its folder: ./${file}.yaml.`
        : `Shipped are ${shipped.join(', ')}; a file of your own is named with its folder: ./${file}.yaml.`,
    }),
    facts: { file },
  });
}
