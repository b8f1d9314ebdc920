import { createHash } from 'node:crypto';
import { concat, utf8 } from '../kernel/bytes.ts';
import { labelled } from '../kernel/hkdf.ts';
import type { LedgerEvent } from '../model/ledger-event.ts';

/** 32 zero bytes stand before the first event. */
export const GENESIS = new Uint8Array(32);

const PREFIX = labelled('keyline/v1 ledger');

/** An event of the chain. */
export interface LedgerEntry {
  readonly event: LedgerEvent;
  /** 32 bytes as hexadecimal. */
  readonly hash: string;
}

/** The chain up to one event: all before it is fixed by its hash. */
export interface LedgerHead {
  readonly seq: number;
  /** Hexadecimal. */
  readonly hash: string;
}

/** SHA-256 of `"keyline/v1 ledger" || 00 || previous hash || canonical JSON of the event`. */
export function chainHash(previous: Uint8Array, body: string): Uint8Array {
  return createHash('sha256')
    .update(concat(PREFIX, previous, utf8(body)))
    .digest();
}
