import { randomBytes } from 'node:crypto';
import { sha256 } from '../custody/chain.ts';
import type { Home } from '../home/home.ts';
import { LotDrafts } from '../home/lot-drafts.ts';
import { LotStore } from '../home/lot-store.ts';
import { fromBase64, toHex } from '../kernel/bytes.ts';
import { isoSeconds, systemClock } from '../kernel/clock.ts';
import type { Clock } from '../kernel/clock.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import type { Credentials } from '../keystore/credentials.ts';
import { findKeyCard } from '../keystore/key-card.ts';
import type { KeyCard } from '../keystore/key-card.ts';
import { openKey } from '../keystore/open-key.ts';
import { deriveLotSecret } from '../model/hierarchy.ts';
import { lotIdOf } from '../model/ids.ts';
import { checkLot } from '../model/lot-rules.ts';
import type { Lot, Scheme } from '../model/lot.ts';
import { spreadsheetRisk } from '../model/spreadsheet.ts';
import { sealLot } from '../seals/lot-descriptor.ts';
import { writeGroupKey } from './azure-group-file.ts';
import { readGroupKeyFile } from './group-key-input.ts';
import { makeIssuingChain, makeRequest } from './issuing-chain.ts';
import type { IssuingChoice } from './issuing-chain.ts';
import { refuseConflicts, serialRangeOf } from './serial-conflicts.ts';

/** What a person decides about a lot. */
export interface LotRequest {
  readonly code: string;
  /** `kp_…` or a label; the only key where left out. */
  readonly key?: string | undefined;
  readonly scheme: Scheme;
  readonly size: number;
  readonly spare: number;
  readonly firstNumber: number;
  readonly serialTemplate: string;
  readonly model?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  readonly labelBaseUrl?: string | undefined;
  readonly fdo?: Lot['fdo'] | undefined;
  readonly x509?: X509Request | undefined;
  /** azure-dps: a file with an enrollment group key; derived where left out. */
  readonly groupKeyFile?: string | undefined;
}

/** What a person decides about the certificates of a lot. */
export interface X509Request {
  readonly issuing: IssuingChoice;
  readonly subject: 'endpoint-key' | 'serial';
  /** ISO 8601; the time of creation where left out. */
  readonly notBefore?: string | undefined;
  /** ISO 8601; no end where left out. */
  readonly notAfter?: string | undefined;
}

/** What surrounds the making of a lot. */
export interface LotEffects {
  readonly credentials: Credentials;
  readonly clock?: Clock;
}

/** A lot that was made, or that waits for a certificate. */
export interface CreatedLot {
  readonly lot: Lot;
  /** PKCS #10 DER: send it to the root, then finish with `certifyLot`. */
  readonly csr?: Uint8Array;
  readonly warnings: readonly string[];
}

const NO_EXPIRY = '9999-12-31T23:59:59Z';

/**
 * Makes a lot under an active key of this home and keeps its sealed descriptor. Everything that the
 * request can be refused for is checked before the key is opened. Throws `not-found`, `key-retired`,
 * `invalid-lot`, `invalid-template`, `serials-meet`, `already-exists`, and what `openKey` throws.
 */
export async function createLot(
  home: Home,
  request: LotRequest,
  effects: LotEffects,
): Promise<CreatedLot> {
  const card = await findKeyCard(home, request.key);
  if (card.retiredAt !== undefined) {
    throw new KeylineError('key-retired', {
      message: `${card.provisioningKey} was retired at ${card.retiredAt}`,
      facts: { provisioningKey: card.provisioningKey },
    });
  }
  const draft = draftOf(request, card, (effects.clock ?? systemClock).now());
  checkLot(draft);
  await refuseConflicts(home, draft);
  using groupKey = await readGroupKeyFile(request.groupKeyFile);
  await using key = await openKey(home, card.provisioningKey, effects.credentials);
  using lotSecret = await deriveLotSecret(key, draft.lotId);
  const issuing = request.x509?.issuing;
  const warnings = warningsOf(draft, request);
  if (issuing?.type === 'csr') {
    const csr = await makeRequest(draft, lotSecret);
    await using _lock = await home.lock();
    await refuseConflicts(home, draft);
    await new LotDrafts(home).add(draft);
    return { lot: draft, csr, warnings };
  }
  const by = { lotSecret, credentials: effects.credentials };
  const lot = issuing ? await withChain(home, draft, { ...by, choice: issuing }) : draft;
  const descriptor = await sealLot(lot, await key.sealKey());
  await using _lock = await home.lock();
  await refuseConflicts(home, lot);
  // The descriptor last: with it the lot exists.
  if (groupKey) await writeGroupKey(home, lot, { lotSecret, groupKey });
  await new LotStore(home).add(lot, descriptor);
  return { lot, warnings };
}

function draftOf(request: LotRequest, card: KeyCard, now: Date): Lot {
  const { x509, scheme } = request;
  const createdAt = isoSeconds(now);
  return {
    lotId: lotIdOf(randomBytes(16)),
    code: request.code,
    provisioningKey: card.provisioningKey,
    custodyAnchor: toHex(sha256(fromBase64(card.manufacturerKey) ?? new Uint8Array())),
    scheme,
    size: request.size,
    spare: request.spare,
    serialTemplate: request.serialTemplate,
    firstNumber: request.firstNumber,
    ...(request.model !== undefined && { model: request.model }),
    ...(request.attributes && { attributes: { ...request.attributes } }),
    ...(request.labelBaseUrl !== undefined && { labelBaseUrl: request.labelBaseUrl }),
    ...(request.fdo && { fdo: request.fdo }),
    ...(x509 && {
      x509: {
        subject: x509.subject,
        chain: [],
        notBefore: x509.notBefore ?? createdAt,
        notAfter: x509.notAfter ?? NO_EXPIRY,
      },
    }),
    ...(scheme === 'azure-dps' && {
      azureGroupKey: request.groupKeyFile === undefined ? 'derived' : 'imported',
    }),
    createdAt,
    ...(card.test && { test: true }),
  };
}

async function withChain(
  home: Home,
  draft: Lot,
  by: {
    readonly choice: Exclude<IssuingChoice, { type: 'csr' }>;
    readonly lotSecret: Secret;
    readonly credentials: Credentials;
  },
): Promise<Lot> {
  if (!draft.x509) throw new Error('only a lot with certificates has a chain');
  const { notBefore, notAfter } = draft.x509;
  const chain = await makeIssuingChain(home, draft, { ...by, notBefore, notAfter });
  return { ...draft, x509: { ...draft.x509, chain } };
}

function warningsOf(lot: Lot, request: LotRequest): string[] {
  const warnings: string[] = [];
  const risk = spreadsheetRisk(serialRangeOf(lot));
  if (risk !== undefined) warnings.push(risk);
  if (
    lot.scheme === 'azure-dps' &&
    /[^a-z0-9-]/.test(lot.serialTemplate.replace(/\{[^}]*\}/g, ''))
  ) {
    warnings.push(
      'Azure documents registration ids of lower-case letters, digits and - only; serials are used as they are',
    );
  }
  if (lot.scheme === 'azure-dps' && /\{x:/.test(lot.serialTemplate)) {
    warnings.push(
      'hexadecimal serials have upper-case letters, which Azure does not document for registration ids',
    );
  }
  if (request.x509?.issuing.type === 'self-signed') {
    warnings.push('the issuing CA signed itself: certificates of this lot are for tests');
  }
  return warnings;
}
