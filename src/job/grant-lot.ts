import { randomBytes } from 'node:crypto';
import { requireInside } from '../derive/deriver.ts';
import type { Home } from '../home/home.ts';
import { toCrockford } from '../kernel/bytes.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import { encrypt } from '../keystore/age-file.ts';
import { parseRecipient } from '../keystore/age-recipient.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { secretsDigest } from '../model/grant-secrets.ts';
import { roundToBlocks } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import { grantPlaintext } from '../seals/grant-file.ts';
import { signGrant } from '../seals/grant.ts';
import type { GrantStatement } from '../seals/grant.ts';
import { openStationCard } from '../seals/station-card.ts';
import { grantSecretsText } from './grant-secrets-text.ts';
import { bookOf, openLot } from './open-lot.ts';
import { protectedFiles } from './protected-files.ts';
import { openWhole, writeWhole } from './write-whole.ts';
import type { WholeOutput } from './write-whole.ts';

/** What a person decides about a grant. */
export interface GrantRequest {
  /** The lot: a code or an id. */
  readonly lot: string;
  /** The station card, JWS. */
  readonly card: string;
  /** Rounded to whole blocks. */
  readonly range: Range;
  /** ISO 8601; 90 days from now where left out. */
  readonly notAfter?: string | undefined;
  /** x509-p256: the lot's CA key goes with it, instead of the range's certificates. */
  readonly issue: boolean;
  readonly why?: string | undefined;
  /** Why a range that left the lot leaves it again. */
  readonly again?: string | undefined;
  readonly output: WholeOutput;
}

/** What surrounds the making of a grant. */
export interface GrantEffects {
  readonly credentials: Credentials;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly inputs?: readonly string[] | undefined;
}

/** What was granted. */
export interface Granted {
  readonly grantId: string;
  readonly lotId: string;
  readonly station: string;
  readonly stationKey: string;
  /** Whole blocks. */
  readonly range: Range;
  readonly notAfter: string;
  readonly output: string;
}

const DEFAULT_DAYS = 90;
const DAY_MS = 86_400_000;

/**
 * Makes a grant of whole blocks for one station. The range stands in the allocation book before the
 * file is written. Throws `invalid-station-card`, `not-found`, `range-outside-lot`, `lot-closed`,
 * `already-allocated`, `usage`, `output-exists`, and what opening the lot's key throws.
 */
export async function grantLot(
  home: Home,
  request: GrantRequest,
  effects: GrantEffects,
): Promise<Granted> {
  const clock = effects.clock ?? systemClock;
  const now = clock.now();
  const card = await openStationCard(request.card.trim());
  const recipient = await parseRecipient(card.recipient);
  const notAfter = request.notAfter ?? isoSeconds(new Date(now.getTime() + DEFAULT_DAYS * DAY_MS));
  if (Date.parse(notAfter) <= now.getTime()) {
    throw new KeylineError('usage', { message: `the grant would have ended at ${notAfter}` });
  }
  await using open = await openLot(home, request.lot, effects.credentials, { clock });
  const { lot } = open;
  if (open.by !== 'owner') {
    throw new KeylineError('not-found', {
      message: `only the owner of lot ${lot.code} can grant it, and its key is not here`,
      facts: { provisioningKey: lot.provisioningKey },
    });
  }
  requireInside(lot, request.range);
  const range = roundToBlocks(request.range);
  const book = bookOf(home, lot, clock);
  if (request.again === undefined) await book.requireFree(range);
  await using output = await openWhole(request.output, {
    secret: true,
    inputs: [...protectedFiles(home, effects.credentials), ...(effects.inputs ?? [])],
    signal: effects.signal,
  });
  const text = await grantSecretsText(open, range, {
    issue: request.issue,
    signal: effects.signal,
  });
  const statement: GrantStatement = {
    grantId: `kg_${toCrockford(randomBytes(16))}`,
    stationKey: card.stationKey,
    recipient: card.recipient,
    lot: open.descriptor,
    ranges: [range],
    notAfter,
    createdAt: isoSeconds(now),
    secretsDigest: secretsDigest(text),
  };
  using plaintext = grantPlaintext(await signGrant(statement, open.signer.key), text);
  const file = await encrypt(plaintext, { type: 'recipients', recipients: [recipient] });
  await book.allocate({
    range,
    purpose: 'grant',
    who: card.name,
    why: request.why,
    again: request.again,
    reference: statement.grantId,
  });
  await writeWhole(output, file);
  const { grantId, stationKey } = statement;
  return {
    ...{ grantId, lotId: lot.lotId, station: card.name, stationKey, range, notAfter },
    output: request.output.path,
  };
}
