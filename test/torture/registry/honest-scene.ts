import { createHash } from 'node:crypto';
import type { FinalState } from './final-state.ts';
import type { Answer, Asked, Call, History } from './history.ts';
import type { Scene } from './scene.ts';

const AT = '2026-03-01T08:00:00.000Z';
export const MAKER = 'ac_maker';
export const OTHER = 'ac_other';
/** Units 0 and 1 of the lot. */
export const DEVICES = ['dv_0', 'dv_1'] as const;

/** An answer as a server gives it. */
export function answer(body: unknown, change: Partial<Answer> = {}): Answer {
  return { status: 200, requestId: 'rq_none', isReplay: false, body, ...change };
}

function call(n: number, asked: Asked, given: Answer): Call {
  const key = asked.kind === 'check-in' ? undefined : `key-${n}`;
  return { n, by: 'somebody', method: 'POST', path: `/${n}`, key, asked, attempts: [given] };
}

const OFFERED = { id: 'tr_1', items: 2, counts: { offered: 2 } };
const DECIDED = { id: 'tr_1', items: 2, counts: { offered: 0, accepted: 1, refused: 1 } };
const CONFIG = { step: 1, version: 1, digest: 'c0' };

/** Two units were registered and offered; one was accepted and configured, the other refused. */
export function honestHistory(): History & { calls: Call[] } {
  const upload = { kind: 'upload', lotId: 'kl_1', first: 0, count: 2 } as const;
  const items = [
    { deviceId: DEVICES[0], decision: 'accept' },
    { deviceId: DEVICES[1], decision: 'refuse' },
  ] as const;
  const lines = [1, 2].map((row) => `${JSON.stringify({ row, outcome: 'created' })}\n`);
  return {
    calls: [
      call(0, upload, answer({ id: 'up_1' }, { status: 201, requestId: 'rq_0' })),
      call(1, { kind: 'part', uploadId: 'up_1', n: 0 }, answer({ n: 0, digest: 'd0' })),
      call(2, { kind: 'commit', uploadId: 'up_1' }, answer({ id: 'op_1' }, { status: 202 })),
      call(3, { kind: 'committed', uploadId: 'up_1', first: 0, count: 2 }, answer(lines.join(''))),
      call(
        4,
        { kind: 'transfer', to: 'other', note: 'first' },
        answer(OFFERED, { status: 201, requestId: 'rq_4' }),
      ),
      call(5, { kind: 'decide', transferId: 'tr_1', decision: { items } }, answer(DECIDED)),
      call(
        6,
        { kind: 'check-in', deviceId: DEVICES[0], counter: 2, acknowledges: CONFIG },
        answer({ mode: 'normal' }),
      ),
    ],
    feeds: {
      maker: [
        { seq: 1, type: 'upload.begun', subject: 'up_1', at: AT },
        { seq: 2, type: 'transfer.requested', subject: 'tr_1', at: AT },
      ],
      other: [],
    },
    credentials: { 0: 'ek_0', 1: 'ek_1' },
    falls: [],
  };
}

/** An account’s chain of these records, as `type subject requestId`, and its feed. */
function recordsOf(accountId: string, records: readonly string[]) {
  let hash = Buffer.alloc(32);
  const audit = records.map((text, at) => {
    const [type = '', subject = '', requestId] = text.split(' ');
    const body = JSON.stringify({ seq: at + 1, at: AT, requestId, type, subject });
    hash = createHash('sha256').update('keyline/v1 audit\0').update(hash).update(body).digest();
    return { accountId, seq: at + 1, hash: Uint8Array.from(hash), body };
  });
  const events = records.map((text, at) => {
    const [type = '', subject = ''] = text.split(' ');
    return { accountId, seq: at + 1, type, subject, at: AT, data: '{}' };
  });
  const { length } = records;
  const auditHash = Uint8Array.from(hash);
  return {
    audit,
    events,
    counters: [{ accountId, eventSeq: length, auditSeq: length, auditHash }],
  };
}

function account(id: string, handle: string, kind: 'oem' | 'customer') {
  return {
    ...{ id, handle, name: handle, kind, state: 'active' as const, isTest: 0 as const },
    ...{ isReceiving: 1 as const, needsTotp: 0 as const, allowsRegistration: 0 as const },
    ...{ createdAt: AT, version: 1 },
  };
}

function device(index: number, accountId: string, custodyStep: number) {
  const nothing = {
    model: null,
    hardwareId: null,
    claimDigest: null,
    attributes: null,
    mark: null,
  };
  return {
    ...{ ...nothing, id: DEVICES[index] ?? '', accountId, serial: `S-${index}`, lotId: 'kl_1' },
    ...{ lotIndex: index, uploadId: null, provisioning: 'verified' as const, custodyStep },
    ...{ enrollment: 'pending' as const, isCancelled: 0 as const, firmware: null, version: 1 },
    ...{ configStep: null, configVersion: null, ackStep: null, ackVersion: null, ackDigest: null },
    ...{ counter: null, lastSeenAt: null, createdAt: AT },
  };
}

/** What a registry without a flaw holds after that. */
export function honestState(): Scene['state'] {
  const records = [
    recordsOf(MAKER, [
      'upload.begun up_1 rq_0',
      'transfer.requested tr_1 rq_4',
      'transfer.completed tr_1',
    ]),
    recordsOf(OTHER, ['transfer.requested tr_1 rq_4', 'transfer.completed tr_1']),
  ];
  const states = ['accepted', 'refused'] as const;
  const accepted = device(0, OTHER, 1);
  const operation = { input: null, result: '{}', problem: null, leaseEndsAt: null };
  const state: FinalState = {
    accounts: [account(MAKER, 'maker', 'oem'), account(OTHER, 'other', 'customer')],
    counters: records.flatMap(({ counters }) => counters),
    audit: records.flatMap(({ audit }) => audit),
    events: records.flatMap(({ events }) => events),
    uploads: [
      {
        ...{ id: 'up_1', accountId: MAKER, lotId: 'kl_1', kind: 'as-built', sealDigest: 's' },
        ...{ seal: 's', parts: 1, settlingUntil: null, state: 'committed', operationId: 'op_1' },
        ...{ createdAt: AT, version: 1 },
      },
    ],
    uploadParts: [
      {
        ...{ uploadId: 'up_1', n: 0, digest: 'd0', sizeBytes: 1, isGzip: 0, content: null },
        ...{ outcomes: new Uint8Array(2), appliedAt: AT },
      },
    ],
    operations: [
      {
        ...{ ...operation, id: 'op_1', accountId: MAKER, kind: 'upload.commit', subject: 'up_1' },
        ...{ state: 'succeeded', done: 1, total: 1, createdAt: AT, version: 2 },
      },
    ],
    devices: [
      {
        ...{ ...accepted, counter: 2, configStep: 1, configVersion: 1 },
        ...{ ackStep: 1, ackVersion: 1, ackDigest: 'c0' },
      },
      device(1, MAKER, 0),
    ],
    credentials: DEVICES.map((deviceId, index) => ({
      ...{ provisioningKey: 'kp_1', endpointKey: `ek_${index}`, deviceId, scheme: 'psk' },
      isActive: 1,
    })),
    custody: [
      {
        ...{ deviceId: DEVICES[0], step: 1, fromAccountId: MAKER, toAccountId: OTHER },
        ...{ transferId: 'tr_1', statement: null, createdAt: AT },
      },
    ],
    transfers: [
      {
        ...{ id: 'tr_1', sourceAccountId: MAKER, destinationAccountId: OTHER, items: 2 },
        ...{
          state: 'completed',
          decision: null,
          isStanding: 0,
          preparing: null,
          note: 'first',
          expiresAt: AT,
        },
        ...{ createdAt: AT, version: 2 },
      },
    ],
    transferItems: DEVICES.map((deviceId, at) => ({
      ...{ transferId: 'tr_1', deviceId, reason: null, decidedAt: AT },
      state: states[at] ?? 'offered',
    })),
    configurations: [
      {
        ...{ deviceId: DEVICES[0], step: 1, configVersion: 1, accountId: OTHER, digest: 'c0' },
        ...{ templateId: null, content: new Uint8Array(), createdAt: AT, acknowledgedAt: AT },
        isUnsigned: 0,
      },
    ],
    complaints: [],
    isAtRest: true,
  };
  return state;
}
