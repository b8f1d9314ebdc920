import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { utf8 } from '../kernel/bytes.ts';
import { isErrno } from '../kernel/errors.ts';
import { labelled } from '../kernel/hkdf.ts';

/** machine-id(5) of systemd, and where D-Bus keeps its own. */
const PLACES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/**
 * SHA-256, hexadecimal, of `"keyline/v1 machine" || 00 || machine id`: the id itself is confidential, as
 * machine-id(5) says. A system without one gives the hash of nothing, so that all such are one machine.
 */
export async function machineId(places: readonly string[] = PLACES): Promise<string> {
  for (const place of places) {
    const text = await read(place);
    if (text !== '') return digest(text);
  }
  return digest('');
}

function digest(text: string): string {
  return createHash('sha256')
    .update(labelled('keyline/v1 machine', utf8(text)))
    .digest('hex');
}

async function read(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT') || isErrno(error, 'EACCES')) return '';
    throw error;
  }
}
