import { PORT_ERRORS } from './error-catalog-ports.ts';
import { REGISTRY_ERRORS } from './registry-errors.ts';
import { RETURN_ERRORS } from './return-errors.ts';

import { LABEL_ERRORS } from './error-catalog-labels.ts';

interface CatalogEntry {
  /** Process exit code: 1 unexpected, 2 usage, 3 bad data, 4 device, 5 registry, 6 some units failed, 130 interrupted. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 130;
  /** What the person at the keyboard does next; a throw may give a more exact one. */
  readonly hint: string;
  /** HTTP status of a registry's problem document with this code; 500 where left out. */
  readonly status?:
    400 | 401 | 403 | 404 | 409 | 410 | 412 | 413 | 415 | 422 | 428 | 429 | 500 | 503;
}

/** Every error keyline can end with. docs/errors.md explains each; a test holds the two together. */
export const ERROR_CATALOG = {
  unexpected: {
    exit: 1,
    hint: 'This is a defect in keyline. Report it with the command and its output.',
  },
  interrupted: { exit: 130, hint: 'Nothing was left behind; run the command again.' },
  'reader-gone': { exit: 1, hint: 'The program that read the output went away.' },

  // usage
  usage: { exit: 2, hint: 'Run the command with --help to see its arguments and examples.' },
  'no-passphrase': {
    exit: 2,
    hint: 'Give --identity FILE or --passphrase-file FILE|-, or set KEYLINE_IDENTITY_FILE or KEYLINE_PASSPHRASE_FILE.',
  },
  'needs-yes': { exit: 2, hint: 'Repeat the command with --yes.' },
  'output-exists': { exit: 2, hint: 'Choose another name, or replace the file with --force.' },
  'output-is-input': { exit: 2, hint: 'Choose another output file.' },
  'output-busy': {
    exit: 2,
    hint: 'Wait until the other command has ended, or choose another output file.',
  },
  'output-unwritable': {
    exit: 2,
    hint: 'Check that the folder exists and that you may write to it.',
  },
  'secret-to-terminal': {
    exit: 2,
    hint: 'Write to a file with -o FILE, or say -o - to print it all the same.',
  },
  'secret-output-choice': {
    exit: 2,
    hint: 'Encrypt with --recipient age1…, or say --plaintext to write secrets readable.',
  },
  'disk-full': {
    exit: 2,
    hint: 'Free some space or choose another disk, then run the command again; nothing was left behind.',
  },
  'home-busy': {
    exit: 2,
    hint: 'Another keyline command is changing this KEYLINE_HOME; run this one again when it has ended.',
  },
  'home-unwritable': {
    exit: 2,
    hint: 'Set KEYLINE_HOME to a folder that you may write to.',
  },
  'home-unsafe': {
    exit: 2,
    hint: 'Take the permissions away from others: chmod 700 for KEYLINE_HOME, chmod 600 for a key file.',
  },
  'not-found': { exit: 2, hint: 'Check the name; the list commands show what there is.' },
  ambiguous: { exit: 2, hint: 'Name one of them by its id.' },
  'already-exists': { exit: 2, hint: 'Choose another name.' },

  // keys and stations
  'invalid-provisioning-secret': {
    exit: 3,
    hint: 'A provisioning secret is ks_ and 43 characters of base64url, exactly as it was exported.',
  },
  'invalid-provisioning-key': {
    exit: 2,
    hint: 'A provisioning key is kp_ and 26 characters; `keyline key list` shows yours.',
  },
  'key-mismatch': {
    exit: 3,
    status: 422,
    hint: 'The secret belongs to another provisioning key; check which backup this is.',
  },
  'key-retired': {
    exit: 2,
    hint: 'Make a new key with `keyline key create`; lots that exist stay usable.',
  },
  'key-damaged': { exit: 3, hint: 'Restore the key from a backup with `keyline key import`.' },
  'wrong-passphrase': {
    exit: 2,
    hint: 'Check the passphrase, or the identity file, and try again.',
  },
  'invalid-identity': {
    exit: 2,
    hint: 'An identity file holds a line AGE-SECRET-KEY-1…, as age-keygen writes it.',
  },
  'invalid-recipient': {
    exit: 2,
    hint: 'A recipient is an X25519 public key, age1…, as age-keygen prints it.',
  },
  'no-station': { exit: 2, hint: 'Make this machine a station with `keyline station init`.' },
  'invalid-station-card': {
    exit: 3,
    hint: 'Ask for the station.card file that `keyline station init` wrote.',
  },
  'pkcs11-unavailable': {
    exit: 2,
    hint: 'Install the optional package pkcs11js and check the module path.',
  },
  'pkcs11-failed': { exit: 2, hint: 'Check the module, the slot and the PIN.' },

  // lots and grants
  'invalid-lot': { exit: 2, hint: 'Run `keyline lot create --help` for the rules.' },
  'invalid-template': {
    exit: 2,
    hint: 'A serial template has one number field, such as ACME-A1-{n:8}.',
  },
  'serials-meet': {
    exit: 2,
    hint: 'Choose another first number or another prefix, so that no serial is given twice.',
  },
  'lot-closed': { exit: 2, hint: 'Open a new lot with `keyline lot create`.' },
  'descriptor-invalid': {
    exit: 3,
    status: 422,
    hint: 'Ask for the lot descriptor again; it must be the file that `keyline lot export` wrote.',
  },
  'range-outside-lot': {
    exit: 2,
    hint: '`keyline lot show LOT` shows the size and the spare range.',
  },
  'already-allocated': {
    exit: 2,
    hint: '`keyline lot allocations LOT` shows who has it; repeat with --again REASON if it must leave the lot twice.',
  },
  'not-burnt': {
    exit: 2,
    hint: 'Only units that a lost ledger was given can be freed; `keyline lot allocations LOT` shows who has which.',
  },
  'lot-unresolved': {
    exit: 2,
    hint: 'Each line says how these units are resolved; then close the lot again.',
  },
  'book-damaged': {
    exit: 3,
    hint: 'Mend allocations.jsonl in the lot’s folder from a backup; what it says has left must stay said.',
  },
  'grant-invalid': {
    exit: 3,
    status: 422,
    hint: 'Ask for the grant again; it must be unaltered and for this station.',
  },
  'grant-altered': {
    exit: 3,
    status: 422,
    hint: 'Ask for the grant again; this file is not the one that was made.',
  },
  'grant-forged': {
    exit: 3,
    status: 422,
    hint: 'Do not use it. Ask the owner of the lot, whose kp_ stands on the work order, for a grant.',
  },
  'grant-expired': { exit: 3, status: 422, hint: 'Ask the owner of the lot for a new grant.' },
  'grant-foreign': {
    exit: 3,
    hint: 'Give the owner of the lot this station’s card and ask for a grant for it.',
  },
  'outside-grant': {
    exit: 2,
    status: 422,
    hint: '`keyline lot show LOT` shows the granted ranges.',
  },
  'signature-invalid': {
    exit: 3,
    status: 422,
    hint: 'The file was altered or is not what it is said to be.',
  },
  'custody-invalid': {
    exit: 3,
    hint: 'Keep what the device holds; ask its owner for the configuration with its whole chain.',
  },
  'certificate-invalid': { exit: 3, hint: 'Check the certificate and its key.' },

  // manifests
  'manifest-defective': {
    exit: 3,
    status: 422,
    hint: 'The rows listed say what is wrong with them.',
  },
  'manifest-unreadable': {
    exit: 3,
    hint: 'Check the file, or give --identity FILE if it is encrypted.',
  },
  'invalid-columns': {
    exit: 2,
    status: 422,
    hint: 'Run `keyline manifest write --help` for the columns and their formats.',
  },
  'secret-columns': {
    exit: 2,
    status: 422,
    hint: 'Say --with-secrets if secrets are to leave the lot.',
  },

  // devices
  'device-unprepared': {
    exit: 4,
    hint: 'Let a station write it with a profile that has endpoint_key, a secret or private key, and custodyAnchor, as linux-shell has.',
  },
  ...PORT_ERRORS,
  'image-invalid': {
    exit: 3,
    hint: 'Check the values, sizes and addresses that the profile gives for the image.',
  },

  'profile-invalid': {
    exit: 3,
    hint: '`keyline profile check FILE` lists every mistake with its line and column.',
  },
  'jig-invalid': {
    exit: 3,
    hint: '`keyline jig check FILE` lists every mistake with its line and column.',
  },

  ...LABEL_ERRORS,

  // the station's ledger
  'ledger-busy': {
    exit: 2,
    hint: 'Another command has this ledger open; run this one again when it has ended.',
  },
  'ledger-newer': { exit: 3, hint: 'Install the keyline that this ledger was last used with.' },
  'ledger-damaged': {
    exit: 3,
    hint: 'Set it aside with `keyline ledger retire`, which keeps it, and free its units with `keyline grant recover`.',
  },
  'ledger-foreign': {
    exit: 3,
    hint: 'Use the ledger on the machine and by the station that made it. A new one frees units with `keyline grant recover`.',
  },
  'ledger-rolled-back': {
    exit: 3,
    hint: 'This is an older copy: find the ledger that was used last. Without it `keyline ledger retire`, and free its units with `keyline grant recover`.',
  },
  'ledger-conflict': {
    exit: 3,
    hint: '`keyline station report LOT --ledger FILE` lists what the ledgers contradict each other in. Find those boards before either is used.',
  },
  'ledger-event-invalid': {
    exit: 3,
    hint: 'An event has texts of limited length without control characters, and never a secret.',
  },
  'invalid-transition': {
    exit: 3,
    hint: '`keyline station report` shows where the unit stands and what may be done with it.',
  },
  'duplicate-id': {
    exit: 4,
    hint: 'Two devices gave one id, or this one has a unit already; `keyline unit replace` gives it a fresh one.',
  },
  'id-changed': {
    exit: 4,
    hint: 'Check the port: another device answered than the one that was written.',
  },
  'index-conflict': {
    exit: 4,
    hint: 'Find out where the other device with this credential is before you use either.',
  },
  'lot-used-up': {
    exit: 4,
    hint: 'Ask the owner of the lot for a grant of further units, or go on with another lot.',
  },
  'import-defective': {
    exit: 3,
    hint: 'The rows listed say what is wrong with them; nothing was recorded.',
  },

  ...RETURN_ERRORS,
  ...REGISTRY_ERRORS,
} as const satisfies Record<string, CatalogEntry>;

/** A code of the catalog. */
export type ErrorCode = keyof typeof ERROR_CATALOG;
