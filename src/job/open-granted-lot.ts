import { GrantStore } from '../home/grant-store.ts';
import type { Home } from '../home/home.ts';
import type { StoredLot } from '../home/lot-store.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { joinSecrets } from '../model/join-secrets.ts';
import type { LotSecrets } from '../model/lot-secrets.ts';
import { contains, formatRange } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { openGrantPlaintext } from '../seals/grant-file.ts';
import type { VerifiedGrant } from '../seals/grant.ts';
import type { Signer } from '../seals/manifest-seal.ts';
import type { OpenLot } from './open-lot.ts';
import { openStation } from './open-station.ts';
import type { Station } from './open-station.ts';

interface OpenGrant {
  readonly grant: VerifiedGrant;
  readonly secrets: LotSecrets;
}

/**
 * The lot as this station's grants give it, or undefined where it has none. Grants that have ended
 * are left out with a warning while another holds. Throws `grant-expired` when all have, `no-station`,
 * and what is thrown for a grant that was tampered with.
 */
export async function openGrantedLot(
  home: Home,
  stored: StoredLot,
  by: { readonly credentials: Credentials; readonly now: Date },
): Promise<OpenLot | undefined> {
  const store = new GrantStore(home);
  const notes = await store.of(stored.lot.lotId);
  const ended = notes.filter((note) => Date.parse(note.notAfter) < by.now.getTime());
  const valid = notes.filter((note) => !ended.includes(note));
  if (notes.length === 0) return undefined;
  if (valid.length === 0)
    throw allEnded(
      stored,
      ended.map((note) => note.notAfter),
    );
  const station = await openStation(home, by.credentials);
  const opened: OpenGrant[] = [];
  try {
    for (const { grantId } of valid) {
      const grant = await openOne(await store.read(grantId), station, by.now);
      opened.push(grant);
      requireSameLot(grant.grant, stored);
    }
  } catch (error) {
    for (const { secrets } of opened) secrets[Symbol.dispose]();
    station[Symbol.dispose]();
    throw error;
  }
  const warnings = ended.map(({ grantId, notAfter }) => `grant ${grantId} ended at ${notAfter}`);
  return grantedLot(stored, { station, opened, warnings });
}

/** Decrypts and checks one grant file. The plaintext is wiped; the secrets are the caller's. */
export async function openOne(
  ageFile: Uint8Array,
  station: Station,
  now: Date,
): Promise<OpenGrant> {
  const plaintext = await station.decrypt(ageFile);
  try {
    return await openGrantPlaintext(plaintext, station.card, now);
  } finally {
    plaintext.fill(0);
  }
}

function grantedLot(
  stored: StoredLot,
  by: {
    readonly station: Station;
    readonly opened: readonly OpenGrant[];
    readonly warnings: readonly string[];
  },
): OpenLot {
  const { station, opened } = by;
  const grants = opened.map(({ grant }) => grant);
  const secrets = joinSecrets(opened.map((one) => one.secrets));
  const sign = (grant: VerifiedGrant): Signer => ({
    key: station.signingKey,
    lot: stored.descriptor,
    grant: grant.jws,
  });
  const [first] = grants;
  if (!first) throw new Error('a granted lot has a grant');
  return {
    lot: stored.lot,
    descriptor: stored.descriptor,
    secrets,
    by: 'grant',
    signer: sign(first),
    grants,
    signerFor: (ranges) => sign(grantOf(grants, ranges)),
    closedAt: stored.closedAt,
    warnings: by.warnings,
    [Symbol.asyncDispose]() {
      secrets[Symbol.dispose]();
      station[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function grantOf(grants: readonly VerifiedGrant[], ranges: readonly Range[]): VerifiedGrant {
  const has = (grant: VerifiedGrant, range: Range): boolean =>
    grant.statement.ranges.some((granted) => contains(granted, range));
  const found = grants.find((grant) => ranges.every((range) => has(grant, range)));
  if (found) return found;
  throw new KeylineError('outside-grant', {
    message: `no one grant has units ${ranges.map(formatRange).join(', ')}`,
    hint: 'A seal rests on one grant: write the range of each grant on its own.',
    facts: {
      granted: grants.flatMap(({ statement }) =>
        statement.ranges.map((range) => formatRange(range)),
      ),
    },
  });
}

function requireSameLot(grant: VerifiedGrant, stored: StoredLot): void {
  if (grant.statement.lot === stored.descriptor) return;
  throw new KeylineError('grant-invalid', {
    message: `grant ${grant.statement.grantId} is for another descriptor of lot ${stored.lot.code}`,
    facts: { grantId: grant.statement.grantId, lotId: stored.lot.lotId },
  });
}

function allEnded(stored: StoredLot, notAfter: readonly string[]): KeylineError {
  return new KeylineError('grant-expired', {
    message: `every grant of lot ${stored.lot.code} has ended, the last at ${[...notAfter].sort().at(-1) ?? 'a date'}`,
    facts: { lotId: stored.lot.lotId, notAfter },
  });
}
