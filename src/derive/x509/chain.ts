import { X509Certificate } from 'node:crypto';
import { equalBytes } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import { readCertificate } from './certificate-reader.ts';
import type { CertificateFacts } from './certificate-reader.ts';
import { malformed } from './der-reader.ts';

/** As many certificates as a lot's profile takes. */
const CHAIN_LIMIT = 8;

/**
 * Checks that certificates of authorities, lowest first, lead upwards: each is a CA that may certify,
 * is issued and signed by the next, and leaves room for those below it. The last need not be
 * a root, but one that says so must be signed by itself. `authoritiesBelow` counts the CAs that will stand below the first. With `at` (ISO 8601)
 * each must be valid then. Throws `certificate-invalid`; returns what the certificates say.
 */
export function checkChain(
  chain: readonly Uint8Array[],
  options: { readonly authoritiesBelow: number; readonly at?: string },
): CertificateFacts[] {
  const limit = CHAIN_LIMIT - options.authoritiesBelow;
  if (chain.length === 0 || chain.length > limit) {
    throw invalid(`a chain here has 1 to ${limit} certificates, not ${chain.length}`);
  }
  const facts = chain.map(readCertificate);
  for (const [position, one] of facts.entries()) {
    checkAuthority(one, position + options.authoritiesBelow, `certificate ${position + 1}`);
    if (options.at !== undefined) checkDates(one, options.at, `certificate ${position + 1}`);
  }
  for (let position = 0; position < chain.length - 1; position++) {
    if (!isIssuedBy(chain, facts, position)) {
      throw invalid(`certificate ${position + 1} is not signed by the one after it`);
    }
  }
  const [last, top] = [chain.at(-1), facts.at(-1)];
  if (last && top && equalBytes(top.issuer, top.subject) && !isSelfSigned(last)) {
    throw invalid('the last certificate names itself as its issuer but is signed by another key');
  }
  return facts;
}

/** True when the certificate is signed by its own key. */
export function isSelfSigned(certificate: Uint8Array): boolean {
  return isIssuedBy([certificate, certificate], [certificate, certificate].map(readCertificate), 0);
}

function checkAuthority(facts: CertificateFacts, authoritiesBelow: number, which: string): void {
  if (!facts.isAuthority) throw invalid(`${which} is not one of a certificate authority`);
  if (!facts.mayCertify) throw invalid(`${which} may not sign certificates (keyCertSign)`);
  if (facts.pathLength !== undefined && facts.pathLength < authoritiesBelow) {
    throw invalid(
      `${which} has path length ${facts.pathLength}, too short for the authorities below it`,
    );
  }
}

function checkDates(facts: CertificateFacts, at: string, which: string): void {
  if (at > facts.notAfter) throw invalid(`${which} has expired: it was valid to ${facts.notAfter}`);
  if (at < facts.notBefore) throw invalid(`${which} is not valid before ${facts.notBefore}`);
}

function isIssuedBy(
  chain: readonly Uint8Array[],
  facts: readonly CertificateFacts[],
  position: number,
): boolean {
  const [lower, upper] = [facts[position], facts[position + 1]];
  if (!lower || !upper || !equalBytes(lower.issuer, upper.subject)) return false;
  const issuer = parsed(chain[position + 1]);
  return parsed(chain[position]).verify(issuer.publicKey);
}

function parsed(certificate: Uint8Array | undefined): X509Certificate {
  try {
    return new X509Certificate(certificate ?? new Uint8Array());
  } catch {
    throw malformed('openssl does not read it');
  }
}

function invalid(message: string): KeylineError {
  return new KeylineError('certificate-invalid', { message });
}
