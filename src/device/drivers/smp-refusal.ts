import { SMP_GROUP } from './smp-message.ts';
import type { SmpBody, SmpValue } from './smp-message.ts';

/** A server's error: of its group, or of the whole protocol where `group` is undefined. */
export interface SmpRefusal {
  readonly group: number | undefined;
  readonly rc: number;
}

const PROTOCOL_ERRORS: Readonly<Record<number, string>> = {
  1: 'unknown error',
  2: 'out of memory',
  3: 'invalid value',
  4: 'timeout',
  5: 'no such entry',
  6: 'wrong state',
  7: 'answer too long',
  8: 'not supported',
  9: 'corrupt',
  10: 'busy',
  11: 'access denied',
  12: 'protocol version too old',
  13: 'protocol version too new',
};
const SETTINGS_ERRORS: Readonly<Record<number, string>> = {
  1: 'unknown error',
  2: 'key too long',
  3: 'key not found',
  4: 'read not supported',
  5: 'root key not found, or a value of the wrong length',
  6: 'write not supported',
  8: 'save not supported',
};
const FS_ERRORS: Readonly<Record<number, string>> = {
  1: 'unknown error',
  2: 'invalid file name',
  3: 'file not found',
  4: 'a directory',
  5: 'the file does not open',
  10: 'the file system does not write',
  11: 'wrong offset',
  14: 'mount point not found',
  15: 'file system is read-only',
  16: 'file is empty',
};
const GROUP_ERRORS: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  [SMP_GROUP.settings]: SETTINGS_ERRORS,
  [SMP_GROUP.fs]: FS_ERRORS,
};

/**
 * The error in an answer's map: `{rc}`, `{err: {group, rc}}` or `{ret: {group, rc}}` with an rc other
 * than 0. `damaged`: one of these members is there and is not what it must be. A shell's `ret` is a
 * number and belongs to the command that was run.
 */
export function refusalOf(body: SmpBody): SmpRefusal | 'damaged' | undefined {
  const rc = body.get('rc');
  if (body.has('rc') && rc !== 0) return isCode(rc) ? { group: undefined, rc } : 'damaged';
  for (const name of ['err', 'ret']) {
    const value = body.get(name);
    if (value === undefined || (name === 'ret' && typeof value === 'number')) continue;
    if (!(value instanceof Map)) return 'damaged';
    const group = value.get('group');
    const code = value.get('rc');
    if (!isCode(group) || !isCode(code)) return 'damaged';
    if (code !== 0) return { group, rc: code };
  }
  return undefined;
}

/** In words, with the numbers of the protocol's tables. */
export function describeRefusal({ group, rc }: SmpRefusal): string {
  const words = group === undefined ? PROTOCOL_ERRORS[rc] : GROUP_ERRORS[group]?.[rc];
  const numbers = group === undefined ? `rc ${rc}` : `group ${group}, rc ${rc}`;
  return words === undefined ? numbers : `${words} (${numbers})`;
}

/** The server has nothing under the name that was asked for. */
export function isNotFound({ group, rc }: SmpRefusal): boolean {
  switch (group) {
    case undefined:
      return rc === 5;
    case SMP_GROUP.settings:
      return rc === 3 || rc === 5;
    case SMP_GROUP.fs:
      return rc === 3 || rc === 16;
    default:
      return false;
  }
}

function isCode(value: SmpValue): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
