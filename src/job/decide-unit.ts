import type { Held } from '../device/driver.ts';
import { REWORK_CODE } from '../model/failure.ts';
import type { FailureCode } from '../model/failure.ts';
import type { EndpointKey } from '../model/ids.ts';
import type { UnitRecord } from '../model/unit-record.ts';

/** What is known of a device before anything is done to it. */
export interface Findings {
  readonly held: Held;
  /** The live unit of its hardware id in this lot. */
  readonly record: UnitRecord | undefined;
  /** That unit's credential; there exactly where `record` is. */
  readonly own: OwnCredential | undefined;
  /** Where this unit replaces another: the credential that was retired. */
  readonly retiredKey?: EndpointKey | undefined;
  /** Why a credential that is not this ledger's may be overwritten. */
  readonly overwrite?: string | undefined;
}

/** What tells a unit's own credential from another. */
export interface OwnCredential {
  readonly endpointKey: EndpointKey;
  hasDigest(digest: string): boolean;
}

/** What is to be done with a device. */
export type Decision =
  /** Give it the unit of its id, or a new one. `overwrites`: why that may replace what it holds. */
  | { readonly act: 'write'; readonly overwrites?: string }
  /** It passed before and is checked: nothing is written, whatever comes of it. */
  | { readonly act: 'verify' }
  /** It may hold its credential whole: written only where it does not. */
  | { readonly act: 'verify-or-write' }
  | { readonly act: 'adopt'; readonly endpointKey: EndpointKey }
  | { readonly act: 'refuse'; readonly code: FailureCode; readonly reason: string };

/**
 * What is to be done with a device, from what it holds and what the ledger knows of its id. A unit that
 * was verified once is never written again by itself: a device that answers with its id and does not
 * hold its credential was erased, or is another device.
 */
export function decideUnit(findings: Findings): Decision {
  const { held, record, overwrite } = findings;
  const isRework = record?.state === 'failed' && record.code === REWORK_CODE;
  if (record?.state === 'failed' && record.code === 'duplicate-id') {
    return refuse('duplicate-id', `unit ${record.index} failed because two devices had its id`);
  }
  if (isRework) return { act: 'write' };
  const wasVerified = record?.verifiedAt !== undefined;
  if (record && holdsOwn(held, findings.own)) {
    if (wasVerified) return { act: 'verify' };
    return record.state === 'reserved' ? { act: 'write' } : { act: 'verify-or-write' };
  }
  switch (held.kind) {
    case 'none':
      return wasVerified ? lost(record) : { act: 'write' };
    case 'unknown':
      if (wasVerified) return { act: 'verify' };
      return record?.state === 'written' ? { act: 'verify-or-write' } : { act: 'write' };
    case 'endpoint-key':
      return aboutKey(held.endpointKey, findings);
    case 'digest':
    case 'other':
      if (wasVerified) return held.kind === 'other' ? { act: 'verify' } : lost(record);
      // What this ledger began to write and did not end.
      if (record && record.state !== 'reserved') return { act: 'write' };
      if (record?.replaces !== undefined) return { act: 'write', overwrites: retired(record) };
      if (overwrite !== undefined) return { act: 'write', overwrites: overwrite };
      return refuse('already-provisioned', `it holds ${describe(held)}`);
  }
}

function aboutKey(endpointKey: EndpointKey, findings: Findings): Decision {
  const { record, retiredKey, overwrite } = findings;
  if (record?.verifiedAt !== undefined) return lost(record);
  if (record && endpointKey === retiredKey) {
    return { act: 'write', overwrites: retired(record) };
  }
  if (overwrite !== undefined) return { act: 'write', overwrites: overwrite };
  if (!record) return { act: 'adopt', endpointKey };
  return refuse(
    'already-provisioned',
    `unit ${record.index} is its own, and it holds ${endpointKey}`,
  );
}

function holdsOwn(held: Held, own: OwnCredential | undefined): boolean {
  if (held.kind === 'endpoint-key') return held.endpointKey === own?.endpointKey;
  return held.kind === 'digest' && own?.hasDigest(held.digest) === true;
}

function retired({ index }: UnitRecord): string {
  return `the credential that unit ${index} replaces`;
}

function lost({ index }: UnitRecord): Decision {
  return refuse(
    'duplicate-id',
    `unit ${index} was verified on a device of this id, and this one does not hold it: it was erased or is another device`,
  );
}

function describe(held: Extract<Held, { kind: 'digest' | 'other' }>): string {
  return held.kind === 'digest'
    ? `a secret with SHA-256 ${held.digest.slice(0, 16)}…`
    : held.detail;
}

function refuse(code: FailureCode, reason: string): Decision {
  return { act: 'refuse', code, reason };
}
