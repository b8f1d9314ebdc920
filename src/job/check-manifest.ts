import { ed25519PublicKey } from '../derive/keys/ed25519.ts';
import { createP256 } from '../derive/keys/p256.ts';
import { openRowSource } from '../derive/rows.ts';
import type { RowSource } from '../derive/rows.ts';
import type { Home } from '../home/home.ts';
import { LotStore } from '../home/lot-store.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import type { ByteSource } from '../manifest/byte-sink.ts';
import type { PublicKeys } from '../manifest/credential-check.ts';
import { readManifest } from '../manifest/input.ts';
import { IssueList } from '../manifest/issue.ts';
import type { Issue } from '../manifest/issue.ts';
import { ManifestCheck } from '../manifest/manifest-check.ts';
import type { Rederive } from '../manifest/manifest-check.ts';
import { ed25519Spki, p256Spki } from '../model/key-encoding.ts';
import { parseProvisioningKey } from '../model/ids.ts';
import { lotEnd } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import { contains } from '../model/range.ts';
import type { VerifiedSeal } from '../seals/manifest-seal.ts';
import { openLot } from './open-lot.ts';
import type { OpenLot } from './open-lot.ts';
import { readSeal } from './read-seal.ts';
import { unwrapAge } from './unwrap-age.ts';

/** What a person says of the manifest. */
export interface CheckChoices {
  /** A path, or `-`. */
  readonly file: string;
  /** The `kp_` to which the seal must lead. */
  readonly key?: string | undefined;
  /** Where the seal is, if not beside the file. */
  readonly seal?: string | undefined;
  /** Derive again from this lot, whose key or grant must be at hand. */
  readonly lot?: string | undefined;
}

/** What surrounds the check. */
export interface CheckEffects {
  readonly home: Home;
  /** Whatever opens keys, asked when it is needed; throws `no-passphrase`. */
  readonly credentials: () => Credentials;
  /** Whether credentials were given without anybody being asked. */
  readonly hasCredentials: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly stdin?: ByteSource | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly warn: (message: string) => void;
  readonly workers?: number | undefined;
}

/** What a check found. */
export interface CheckedManifest {
  readonly file: string;
  readonly format: 'csv' | 'ndjson';
  readonly encrypted: boolean;
  readonly gzip: boolean;
  readonly columns: readonly string[];
  readonly rows: number;
  /** The seal, once it has verified. */
  readonly sealedBy?: {
    readonly provisioningKey: string;
    readonly lotId: string;
    readonly lotCode: string;
    readonly kind: 'planned' | 'as-built';
    readonly by: 'owner' | 'station';
    readonly test: boolean;
  };
  /** Whether every value was derived again and compared. */
  readonly derived: boolean;
  readonly issueCount: number;
  /** The first hundred. */
  readonly issues: readonly Issue[];
  readonly seconds: number;
  readonly rowsPerSecond: number;
}

/**
 * Checks a manifest of any length in flat memory: its form, its order, what its values say of each
 * other, its seal, and, with the lot's key or grant at hand, each value. Throws `not-found`,
 * `manifest-unreadable`, `invalid-provisioning-key` and what opening a lot throws; defects of the
 * manifest are returned.
 */
export async function checkManifest(
  choices: CheckChoices,
  effects: CheckEffects,
): Promise<CheckedManifest> {
  const issues = new IssueList();
  const key = choices.key === undefined ? undefined : parseProvisioningKey(choices.key);
  const startMs = performance.now();
  const sealed = await readSeal(choices, key, issues);
  await using open = await openFor(choices, sealed, effects);
  const lot = sealed?.lot ?? open?.lot;
  await using rows = open && (await openRows(sealed, open, effects));
  using p256 = createP256();
  const keys: PublicKeys = {
    ofEd25519: (seed) => ed25519Spki(ed25519PublicKey(seed)),
    ofP256: (scalar) => p256Spki(p256.publicKey(scalar)),
  };
  const { bytes, layers } = readManifest(choices.file, {
    ...effects,
    unwrap: (header) => unwrapAge(choices.file, header, effects.credentials()),
  });
  const check = new ManifestCheck(bytes, {
    maker: { lot, provisioningKey: lot?.provisioningKey ?? key },
    sealed,
    derivable: open?.secrets.ranges,
    lotRange: lot && { from: 0, count: lotEnd(lot) },
    keys,
    issues,
  });
  const found = await check.run(open && rows && rederiver(open, rows, effects));
  const seconds = (performance.now() - startMs) / 1000;
  return {
    file: choices.file,
    format: found.format,
    ...layers,
    columns: found.columns,
    rows: check.rows,
    ...(sealed && { sealedBy: describeSeal(sealed) }),
    derived: found.derived,
    issueCount: issues.count,
    issues: issues.listed,
    seconds,
    rowsPerSecond: Math.round(check.rows / Math.max(seconds, 1e-6)),
  };
}

/** The lot to derive again from: the one that is named, or the seal's where that takes no asking. */
async function openFor(
  { lot: named }: CheckChoices,
  sealed: VerifiedSeal | undefined,
  effects: CheckEffects,
): Promise<OpenLot | undefined> {
  if (named !== undefined) {
    const open = await openLot(effects.home, named, effects.credentials());
    if (!sealed || sealed.lot.lotId === open.lot.lotId) return open;
    await open[Symbol.asyncDispose]();
    throw new KeylineError('usage', {
      message: `the manifest is sealed for lot ${sealed.lot.code}, not for ${open.lot.code}`,
      facts: { sealed: sealed.lot.lotId, named: open.lot.lotId },
    });
  }
  if (!sealed || !effects.hasCredentials) return undefined;
  if (!(await hasLot(effects.home, sealed.lot))) return undefined;
  try {
    return await openLot(effects.home, sealed.lot.lotId, effects.credentials());
  } catch (error) {
    // What was given may be there to decrypt the file, and open nothing else.
    if (!(error instanceof KeylineError) || error.code === 'interrupted') throw error;
    effects.warn(`the values were not derived again: ${error.message}`);
    return undefined;
  }
}

async function hasLot(home: Home, lot: Lot): Promise<boolean> {
  return (await new LotStore(home).get(lot.lotId)) !== undefined;
}

/** Rows of the same lot, where all that the seal covers can be derived here. */
async function openRows(
  sealed: VerifiedSeal | undefined,
  open: OpenLot,
  { warn, workers }: CheckEffects,
): Promise<RowSource | undefined> {
  const ranges = sealed?.seal.ranges ?? open.secrets.ranges;
  const { ranges: held } = open.secrets;
  if (!ranges.every((range) => held.some((one) => contains(one, range)))) {
    warn('the values were not derived again: the grant does not have all units of the manifest');
    return undefined;
  }
  const count = sealed?.seal.count ?? lotEnd(open.lot);
  return openRowSource({ rows: count, ...(workers !== undefined && { workers }) });
}

function rederiver(open: OpenLot, rows: RowSource, { signal }: CheckEffects): Rederive {
  return (plan, range) => rows.stream(open, range, plan, signal ? { signal } : {});
}

function describeSeal({ seal, lot, grant }: VerifiedSeal): CheckedManifest['sealedBy'] & object {
  return {
    provisioningKey: lot.provisioningKey,
    lotId: lot.lotId,
    lotCode: lot.code,
    kind: seal.kind,
    by: grant ? 'station' : 'owner',
    test: lot.test ?? false,
  };
}
