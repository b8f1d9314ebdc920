import type { Enrollment, Provisioning } from '../../model/device-state.ts';
import type { Role } from '../../model/role.ts';
import type { ItemState, TransferState } from '../../model/transfer-state.ts';

/** 0 or 1: SQLite has no truth values. */
export type Flag = 0 | 1;

/** Every table by its columns; account-tables.ts and device-tables.ts have the constraints. */
export interface Tables {
  keylineRegistry: { name: string; value: string };
  accounts: {
    id: string;
    handle: string;
    name: string;
    kind: AccountKind;
    state: 'active' | 'disabled';
    isTest: Flag;
    isReceiving: Flag;
    needsTotp: Flag;
    /** People may register themselves, as end-users. */
    allowsRegistration: Flag;
    createdAt: string;
    version: number;
  };
  /** One row an account, locked for the end of each transaction: numbers without gaps. */
  counters: { accountId: string; eventSeq: number; auditSeq: number; auditHash: Uint8Array };
  principals: {
    id: string;
    kind: 'user' | 'system';
    homeAccountId: string;
    /** What a user types; null for a system account, whose id is its client id. */
    login: string | null;
    name: string;
    state: 'active' | 'disabled';
    /** A password's scrypt record, or the SHA-256 of a client secret, which is random. */
    secretDigest: string | null;
    /** Sessions of an earlier version have ended. */
    secretVersion: number;
    /** Sealed under the master key. */
    totp: Uint8Array | null;
    /** One that is shown and not confirmed yet, sealed alike. */
    totpPending: Uint8Array | null;
    /** The last time step that was used, so that a code serves once. */
    totpStep: number | null;
    createdAt: string;
    version: number;
  };
  memberships: { accountId: string; principalId: string; role: Role };
  sessions: {
    /** SHA-256 of the token, hexadecimal: the token itself is nowhere. */
    digest: string;
    kind: 'access' | 'device';
    accountId: string;
    principalId: string | null;
    secretVersion: number | null;
    deviceId: string | null;
    createdAt: string;
    expiresAt: string;
  };
  /** What is used up by its use: reset links, invitations, spent nonces. */
  onceOnly: {
    digest: string;
    purpose: string;
    accountId: string | null;
    principalId: string | null;
    expiresAt: string;
  };
  provisioningKeys: {
    id: string;
    accountId: string;
    label: string | null;
    /** SPKI. */
    sealKey: Uint8Array;
    manufacturerKey: Uint8Array | null;
    /** The custody chain's first statement, by the manufacturer key. */
    delegation: Uint8Array | null;
    isTest: Flag;
    createdAt: string;
    version: number;
  };
  lots: {
    id: string;
    accountId: string;
    provisioningKey: string;
    code: string;
    model: string | null;
    scheme: string;
    /** Units that can be, spare ones too. */
    units: number;
    /** JWS. */
    descriptor: string;
    createdAt: string;
    version: number;
  };
  /** The lots that a station may register devices of. */
  stationLots: { principalId: string; accountId: string; lotId: string };
  uploads: {
    id: string;
    accountId: string;
    lotId: string;
    kind: 'planned' | 'as-built';
    sealDigest: string;
    /** JWS. */
    seal: string;
    parts: number;
    state: 'receiving' | 'committing' | 'committed' | 'failed' | 'abandoned';
    operationId: string | null;
    /**
     * Null, or it was committed, and its devices are seen although their rows have its id still; then when the process
     * that takes it from them is taken for dead.
     */
    settlingUntil: string | null;
    createdAt: string;
    version: number;
  };
  uploadParts: {
    uploadId: string;
    n: number;
    digest: string;
    sizeBytes: number;
    isGzip: Flag;
    /** As it came, until it was applied. */
    content: Uint8Array | null;
    /** A byte a row once it was applied: its place in `ROW_OUTCOMES`. */
    outcomes: Uint8Array | null;
    appliedAt: string | null;
  };
  devices: DeviceTable;
  credentials: {
    provisioningKey: string;
    endpointKey: string;
    deviceId: string;
    scheme: string;
    isActive: Flag;
  };
  /** A transfer that was accepted; `step` is what the device's custody step became. */
  custody: {
    deviceId: string;
    step: number;
    fromAccountId: string;
    toAccountId: string;
    transferId: string;
    /** COSE_Sign1 of the source's owner key, or null until it is signed. */
    statement: Uint8Array | null;
    createdAt: string;
  };
  transfers: {
    id: string;
    sourceAccountId: string;
    destinationAccountId: string;
    state: TransferState;
    items: number;
    /** JSON of a decision whose rows follow in batches, or null. */
    decision: string | null;
    /** The destination's standing approval decided it. */
    isStanding: Flag;
    /**
     * Null, or which request offers devices in it, which nobody sees before it is complete. Until then `expiresAt` is
     * when its process is taken for dead.
     */
    preparing: string | null;
    note: string | null;
    expiresAt: string;
    createdAt: string;
    version: number;
  };
  transferItems: {
    transferId: string;
    deviceId: string;
    state: ItemState;
    reason: string | null;
    decidedAt: string | null;
  };
  standingApprovals: { accountId: string; sourceAccountId: string; createdAt: string };
  ownerKeys: {
    accountId: string;
    /** SPKI. */
    publicKey: Uint8Array;
    /** Sealed under the master key; null where the account keeps it. */
    sealedKey: Uint8Array | null;
    createdAt: string;
    version: number;
  };
  configTemplates: {
    id: string;
    accountId: string;
    name: string;
    templateVersion: number;
    /** JSON. */
    body: string;
    createdAt: string;
    version: number;
  };
  configurations: {
    deviceId: string;
    step: number;
    configVersion: number;
    accountId: string;
    templateId: string | null;
    digest: string;
    /** COSE_Sign1. */
    content: Uint8Array;
    createdAt: string;
    acknowledgedAt: string | null;
    isUnsigned: Flag;
  };
  audit: { accountId: string; seq: number; hash: Uint8Array; body: string };
  events: {
    accountId: string;
    seq: number;
    type: string;
    subject: string;
    at: string;
    data: string;
  };
  idempotency: {
    principalId: string;
    key: string;
    /** SHA-256 over method, path and body. */
    request: string;
    /** Null for an answer that held a secret: it is not kept. */
    status: number | null;
    headers: string | null;
    body: string | null;
    expiresAt: string;
  };
  operations: {
    id: string;
    accountId: string;
    kind: string;
    subject: string;
    state: 'waiting' | 'running' | 'succeeded' | 'failed';
    done: number;
    total: number;
    /** JSON. */
    input: string | null;
    result: string | null;
    problem: string | null;
    /** Until then the process that works on it lives; later another takes it over. */
    leaseEndsAt: string | null;
    createdAt: string;
    version: number;
  };
}

/** What an account is for. */
export type AccountKind = 'platform' | 'oem' | 'reseller' | 'customer';

/** A device's row. */
export interface DeviceTable {
  id: string;
  accountId: string;
  serial: string;
  lotId: string;
  lotIndex: number;
  /** The upload that brought it, until that was committed and settled; `IS_SHOWN` says whether it is seen. */
  uploadId: string | null;
  model: string | null;
  hardwareId: string | null;
  /** Hexadecimal. */
  claimDigest: string | null;
  /** JSON object of texts. */
  attributes: string | null;
  provisioning: Provisioning;
  enrollment: Enrollment;
  isCancelled: Flag;
  /** What was seen of it that should not be: a code such as `cloned`. */
  mark: string | null;
  custodyStep: number;
  configStep: number | null;
  configVersion: number | null;
  ackStep: number | null;
  ackVersion: number | null;
  ackDigest: string | null;
  counter: number | null;
  firmware: string | null;
  lastSeenAt: string | null;
  createdAt: string;
  version: number;
}
