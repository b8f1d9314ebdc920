import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Violation } from './checker.ts';
import type { Random } from './random.ts';
import { copyLedger, readHeadStatement } from './read-ledger.ts';
import type { KnownHead } from './read-ledger.ts';
import { orderFor } from './round.ts';
import type { Shift } from './round.ts';
import { startStation } from './station-process.ts';

/** What may be done to a ledger that would give indexes twice, and the code with which it is refused. */
export const COPIES = {
  /** Last night’s backup, with a witness that knows better. */
  'older, with witness': 'ledger-rolled-back',
  /** The same, where a registry has acknowledged a later head. */
  'older, acknowledged': 'ledger-rolled-back',
  'gone, with witness': 'ledger-rolled-back',
  'gone, acknowledged': 'ledger-rolled-back',
  /** Nothing remembers it but the book, by which the grant is burnt. */
  'gone, in the book': 'already-allocated',
  /** The same disk in another machine. */
  'another machine': 'ledger-foreign',
} as const;
export type CopyKind = keyof typeof COPIES;

/** A copy of a ledger as it was once. */
export interface Snapshot {
  readonly path: string;
  readonly head: KnownHead;
}

/** Copies the ledger of a station that is dead. */
export function takeSnapshot({ floor, checker }: Shift, number: number): Snapshot {
  const path = join(floor.dir, `snapshot-${number}.sqlite`);
  copyLedger(floor.ledgerPath, path);
  return { path, head: checker.head };
}

/** A copy that this station must refuse now, or undefined where there is none yet. */
export function drawCopy(
  shift: Shift,
  random: Random,
  snapshots: readonly Snapshot[],
): { readonly kind: CopyKind; readonly snapshot: Snapshot } | undefined {
  const { floor } = shift;
  const kind = random.pick(Object.keys(COPIES) as [CopyKind, ...CopyKind[]]);
  const acknowledged = readHeadStatement(acknowledgedPath(shift));
  const witness = floor.witness === undefined ? undefined : readHeadStatement(floor.witness);
  const remembered = kind.endsWith('acknowledged') ? acknowledged : witness;
  const isRemembered = kind.endsWith('acknowledged') || kind.endsWith('witness');
  const seq = isRemembered ? (remembered?.seq ?? 0) : Infinity;
  const older = snapshots.filter(({ head }) => head.seq > 0 && head.seq < seq);
  const snapshot = older[random.below(Math.max(1, older.length))];
  return snapshot && { kind, snapshot };
}

/** Starts the station on a copy and expects that it refuses, touching no device; then all is as before. */
export async function runCopyRound(
  shift: Shift,
  { kind, snapshot }: { readonly kind: CopyKind; readonly snapshot: Snapshot },
): Promise<Violation[]> {
  const { floor } = shift;
  const aside = join(floor.dir, 'aside.sqlite');
  const hidden = `${acknowledgedPath(shift)}.hidden`;
  copyLedger(floor.ledgerPath, aside);
  removeLedger(floor.ledgerPath);
  const hides = !kind.endsWith('acknowledged') && existsSync(acknowledgedPath(shift));
  if (hides) renameSync(acknowledgedPath(shift), hidden);
  if (kind.startsWith('older')) copyLedger(snapshot.path, floor.ledgerPath);
  if (kind === 'another machine') copyLedger(aside, floor.ledgerPath);
  try {
    return await refusal(shift, kind);
  } finally {
    removeLedger(floor.ledgerPath);
    copyLedger(aside, floor.ledgerPath);
    if (hides) renameSync(hidden, acknowledgedPath(shift));
  }
}

async function refusal(shift: Shift, kind: CopyKind): Promise<Violation[]> {
  const { floor } = shift;
  const plan = { once: true, maxAttempts: 1, acknowledge: false, mostMs: 0 };
  const order = orderFor(shift, { ...plan, kill: { at: 'moment', afterMs: Infinity } });
  await shift.operator.quiet();
  const before = storesOf(shift);
  const station = startStation({
    program: shift.program,
    order: {
      ...order,
      witness: kind.endsWith('witness') ? order.witness : undefined,
      machineId: kind === 'another machine' ? 'ff'.repeat(32) : undefined,
    },
    orderPath: join(floor.dir, 'order.json'),
    programsPath: floor.simulator.programsPath,
    mostMs: 10_000,
  });
  const { how, detail } = await station.ended;
  const wrong: string[] = [];
  if (how !== 'refused' || detail !== COPIES[kind]) wrong.push(`${kind}: ${how} ${detail ?? ''}`);
  if (storesOf(shift) !== before) wrong.push(`${kind}: devices were written`);
  return wrong.map((what) => ({ law: 'copies-refused', what }));
}

function storesOf({ floor }: Shift): string {
  return floor.simulator
    .memories()
    .map(({ stores }) => stores)
    .join();
}

function acknowledgedPath({ floor }: Shift): string {
  return `${floor.ledgerPath}.acknowledged`;
}

function removeLedger(path: string): void {
  for (const end of ['', '-wal', '-journal', '-shm']) rmSync(`${path}${end}`, { force: true });
}
