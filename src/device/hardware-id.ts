import { DeviceFailure } from '../model/failure.ts';
import { knownPattern } from './pattern.ts';
import type { IdentityRules } from './profile-model.ts';

/**
 * Ids that ship on more than one board: examples of vendors' documents, defaults of boot loaders and
 * of USB-to-serial chips. Compared without separators, in lower case.
 */
const KNOWN_DEFAULTS: ReadonlySet<string> = new Set([
  '001122334455',
  'aabbccddeeff',
  '112233445566',
  '123456789abc',
  '1234567890ab',
  'deadbeef',
  'deadbeefcafe',
  '0123456789',
  '0123456789abcdef',
  '123456789',
  '1234567890',
  '12345678',
  'default string',
  'defaultstring',
  'to be filled by o.e.m.',
  'tobefilledbyo.e.m.',
  'system serial number',
  'systemserialnumber',
  'not specified',
  'notspecified',
  'none',
  'null',
  'unknown',
  'n/a',
  'na',
  // IMEI of modules whose own was never written (test range of TAC 00…).
  '004999010640000',
  '490154203237518',
]);
const MOST_CHARACTERS = 128;

/**
 * The canonical form of what a device (or a scan) gave as its id: trimmed; a MAC as 12 lower-case
 * hexadecimal digits. Throws DeviceFailure `blank-id` (nothing, all 0, all F), `default-id`,
 * `local-mac`, and `garbage` for what does not match the profile's pattern.
 */
export function acceptHardwareId(reported: string, rules: IdentityRules): string {
  const id = reported.trim();
  const bare = id
    .toLowerCase()
    .replace(/^0x/, '')
    .replace(/[-:.\s]/g, '');
  if (bare === '' || /^0+$/.test(bare) || /^f+$/.test(bare)) {
    throw new DeviceFailure('blank-id', 'the device has no hardware id');
  }
  if (isKnownDefault(id, bare, rules)) {
    throw new DeviceFailure('default-id', `hardware id ${shown(id)} is a default of many boards`);
  }
  if (rules.kind === 'mac') {
    if (!/^[0-9a-f]{12}$/.test(bare)) {
      throw new DeviceFailure('garbage', `${shown(id)} is not a MAC address`);
    }
    refuseUnfitMac(bare, rules);
  }
  const canonical = rules.kind === 'mac' ? bare : id;
  // Printable ASCII: an id stands in file names, labels and terminals.
  const fits =
    /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(canonical) &&
    canonical.length <= MOST_CHARACTERS &&
    [canonical, id].some((text) => knownPattern(`^(?:${rules.pattern})$`, '').test(text));
  if (!fits) {
    throw new DeviceFailure('garbage', `hardware id ${shown(id)} does not match the profile`);
  }
  return canonical;
}

/** Bits of the first byte, IEEE 802-2014 section 8.2.2: 1 = group address, 2 = locally administered. */
function refuseUnfitMac(mac: string, rules: IdentityRules): void {
  const first = Number.parseInt(mac.slice(0, 2), 16);
  if ((first & 1) !== 0) {
    throw new DeviceFailure('garbage', `${mac} is a group address, no device has it`);
  }
  if ((first & 2) !== 0 && !rules.allowLocalMac) {
    throw new DeviceFailure('local-mac', `MAC address ${mac} is locally administered`);
  }
}

function isKnownDefault(id: string, bare: string, rules: IdentityRules): boolean {
  if (KNOWN_DEFAULTS.has(bare) || KNOWN_DEFAULTS.has(id.toLowerCase())) return true;
  return rules.refuse.some((refused) => refused.toLowerCase().replace(/[-:.\s]/g, '') === bare);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?'));
}
