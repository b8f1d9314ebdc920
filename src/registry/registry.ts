import type { RegistryTransfers } from './transfers.ts';

/** What a registry can do; commands ask before they begin. */
export interface RegistryCapabilities {
  /** Lots come as sealed manifests, in parts that can be sent in any order and again. */
  readonly sealedUploads: boolean;
  /** Keys belong to accounts and are proved. */
  readonly keyProofs: boolean;
}

/** The account that this session is for. */
export interface RegistryAccount {
  readonly id: string;
  readonly handle: string;
  readonly name: string;
  readonly isTest: boolean;
}

/** What a proof of a key must name. */
export interface KeyChallenge {
  readonly nonce: string;
  /** Handle of the account. */
  readonly account: string;
  /** The account's owner key, P-256 SPKI in base64, where the registry keeps custody chains. */
  readonly ownerKey?: string;
  readonly expiresAt: string;
}

/** What comes with the proof of a key. */
export interface NewKeyFacts {
  readonly label?: string | undefined;
  readonly delegation?: string | undefined;
}

/** A sealed manifest on its way. */
export interface RegistryUpload {
  readonly id: string;
  readonly parts: number;
  /** Numbers of parts to send; there may be more after these. */
  readonly missing: readonly number[];
}

/** How many rows became what. */
export interface RegisterCounts {
  readonly created: number;
  readonly unchanged: number;
  readonly conflict: number;
  readonly invalid: number;
}

/** A commit under way or at its end. */
export interface RegistryOperation {
  readonly id: string;
  readonly state: 'waiting' | 'running' | 'succeeded' | 'failed';
  readonly done: number;
  readonly total: number;
  readonly result?: RegisterCounts;
}

/** A row that was not registered; rows count from 1. */
export interface FailedRow {
  readonly row: number;
  readonly outcome: 'conflict' | 'invalid';
  readonly reason?: string;
}

/**
 * A registry as the command line speaks to it. Each call can be repeated without another effect. They
 * throw the codes of a problem document, `registry-unavailable` where nobody answers, `interrupted`.
 */
export interface Registry {
  readonly capabilities: RegistryCapabilities;
  /** As the person named it, and as proofs name it. */
  readonly url: string;
  /** Where devices go from account to account. */
  readonly transfers?: RegistryTransfers;
  account(): Promise<RegistryAccount>;
  challenge(): Promise<KeyChallenge>;
  /** `proof` is a `keyline-key+jws`, `delegation` the first custody statement in base64. */
  addKey(proof: string, more?: NewKeyFacts): Promise<{ readonly id: string }>;
  /** `descriptor` is a `keyline-lot+jws`. */
  addLot(descriptor: string): Promise<void>;
  /** `seal` is a `keyline-seal+jws`; the same one goes on with the same upload. */
  beginUpload(lotId: string, kind: 'planned' | 'as-built', seal: string): Promise<RegistryUpload>;
  upload(id: string): Promise<RegistryUpload>;
  /** The bytes of chunk `n`, which are only read. */
  sendPart(id: string, n: number, part: PartContent): Promise<void>;
  commit(uploadId: string): Promise<RegistryOperation>;
  operation(id: string): Promise<RegistryOperation>;
  failedRows(uploadId: string): AsyncIterable<FailedRow>;
  endSession(): Promise<void>;
}

/** A chunk as it goes out. */
export interface PartContent {
  /** gzip of the chunk. */
  readonly gzip: Uint8Array;
  readonly format: 'csv' | 'ndjson';
}
