import { equalBytes, toBase64 } from '../../kernel/bytes.ts';
import { KeylineError } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { LotId } from '../../model/ids.ts';
import { p256Spki } from '../../model/key-encoding.ts';
import { p256PublicKey } from '../keys/p256.ts';
import { scalarSigner, signAuthority } from './authority.ts';
import { signed } from './certificate.ts';
import { checkChain } from './chain.ts';
import { contextTag, der, oid, sequence, TAG, unsignedInteger } from './der.ts';
import { malformed } from './der-reader.ts';
import {
  authorityKeyIdentifier,
  authorityUsage,
  keyIdentifier,
  subjectKeyIdentifier,
} from './extensions.ts';
import { distinguishedName } from './name.ts';
import type { Root } from './root-signer.ts';

/** What a lot's issuing CA is called: `OU=<lot id>, CN=<lot code>`. */
export interface IssuingName {
  readonly lotId: LotId;
  readonly code: string;
}

/** What the certificate of a lot's issuing CA says beside its key; dates in ISO 8601 UTC. */
export interface IssuingOptions {
  readonly name: IssuingName;
  readonly notBefore: string;
  readonly notAfter: string;
}

/**
 * Certifies a lot's issuing CA (path length 0) by the owner's root. `issuerPoint` is its 65-byte
 * public key; `notAfter` is the root's where left out. Returns the chain for the lot's profile, DER in
 * base64. Throws `certificate-invalid` when the root may not do that or its key is another one.
 */
export async function certifyIssuingCa(
  root: Root,
  issuerPoint: Uint8Array,
  options: Omit<IssuingOptions, 'notAfter'> & { readonly notAfter?: string },
): Promise<string[]> {
  const [facts] = checkChain(root.chain, { authoritiesBelow: 1 });
  if (!facts) throw malformed('there is no root');
  const certificate = await signAuthority(
    {
      issuer: facts.subject,
      notBefore: options.notBefore,
      notAfter: options.notAfter ?? facts.notAfter,
      subject: issuingSubject(options.name),
      spki: p256Spki(issuerPoint),
      extensions: issuingExtensions(issuerPoint, facts.keyId),
    },
    root.signer,
  );
  return acceptIssuingCertificate([certificate, ...root.chain], issuerPoint);
}

/** A chain of one for tests and throw-away lots: the issuing CA signs itself, deterministically. */
export async function selfSignedIssuingCa(
  issuerKey: Secret,
  options: IssuingOptions,
): Promise<string[]> {
  const point = issuerKey.use(p256PublicKey);
  const subject = issuingSubject(options.name);
  const certificate = await signAuthority(
    {
      issuer: subject,
      notBefore: options.notBefore,
      notAfter: options.notAfter,
      subject,
      spki: p256Spki(point),
      extensions: issuingExtensions(point, keyIdentifier(point)),
    },
    scalarSigner(issuerKey),
  );
  return [toBase64(certificate)];
}

/**
 * A certification request for a lot's issuing CA, PKCS #10 DER (RFC 2986), that asks for path length
 * 0 in an extensionRequest (RFC 2985 section 5.4.2). `acceptIssuingCertificate` takes the answer.
 */
export async function makeIssuingCsr(issuerKey: Secret, name: IssuingName): Promise<Uint8Array> {
  const point = issuerKey.use(p256PublicKey);
  const extensions = sequence(...authorityUsage(0), subjectKeyIdentifier(keyIdentifier(point)));
  const request = sequence(
    unsignedInteger(Uint8Array.of(0)),
    issuingSubject(name),
    p256Spki(point),
    der(contextTag(0, 'constructed'), sequence(EXTENSION_REQUEST, der(TAG.set, extensions))),
  );
  const signer = scalarSigner(issuerKey);
  return signed(request, signer.algorithm, await signer.sign(request));
}

/**
 * The chain for a lot's profile from certificates that came back for it: the issuing CA's own first,
 * each followed by its issuer. Throws `certificate-invalid` when the first is not for this key, is no
 * CA of path length 0, the chain does not hold together, or one of it is not valid at `at` (ISO 8601).
 */
export function acceptIssuingCertificate(
  chain: readonly Uint8Array[],
  issuerPoint: Uint8Array,
  options: { readonly at?: string } = {},
): string[] {
  const [issuing] = checkChain(chain, { ...options, authoritiesBelow: 0 });
  if (!issuing || !equalBytes(issuing.spki, p256Spki(issuerPoint))) {
    throw new KeylineError('certificate-invalid', {
      message: "the first certificate is not for the lot's issuing key",
      hint: "Put the certificate that was issued for the lot's request first, then its issuers.",
    });
  }
  if (issuing.pathLength !== 0) {
    throw new KeylineError('certificate-invalid', {
      message: 'the certificate of the issuing CA does not have path length 0',
      hint: 'Have it issued with basicConstraints CA:TRUE, pathlen:0, as the request asks.',
    });
  }
  return chain.map(toBase64);
}

const EXTENSION_REQUEST = oid('1.2.840.113549.1.9.14');

function issuingSubject(name: IssuingName): Uint8Array {
  return distinguishedName({ organizationalUnit: name.lotId, commonName: name.code });
}

function issuingExtensions(point: Uint8Array, authorityKeyId: Uint8Array): Uint8Array[] {
  return [
    ...authorityUsage(0),
    subjectKeyIdentifier(keyIdentifier(point)),
    authorityKeyIdentifier(authorityKeyId),
  ];
}
