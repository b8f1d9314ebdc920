import { equalBytes } from '../../kernel/bytes.ts';
import { contextTag, TAG } from './der.ts';
import { malformed, readChildren, readDer, readParts } from './der-reader.ts';
import type { DerValue } from './der-reader.ts';
import { EXTENSION, keyIdentifier } from './extensions.ts';
import { readTime } from './time.ts';

/** What keyline needs to know of a certificate that it did not make; names and key are its own DER. */
export interface CertificateFacts {
  readonly issuer: Uint8Array;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  /** The subject key identifier, or where there is none the one RFC 5280 section 4.2.1.2 would give. */
  readonly keyId: Uint8Array;
  readonly isAuthority: boolean;
  /** Undefined: not limited. */
  readonly pathLength?: number;
  /** keyCertSign is among the key usages, or no usages are named. */
  readonly mayCertify: boolean;
}

/** Reads a version 3 certificate; its signature is not checked here. Throws `certificate-invalid`. */
export function readCertificate(bytes: Uint8Array): CertificateFacts {
  const [tbs] = readParts(bytes, TAG.sequence);
  if (!tbs) throw malformed('it is empty');
  const fields = readChildren(tbs);
  if (fields[0]?.tag !== contextTag(0, 'constructed')) throw malformed('it is not of version 3');
  const [, , , issuer, validity, subject, spki, ...rest] = fields;
  if (!issuer || !validity || !subject || !spki) throw malformed('it is cut off');
  const [notBefore, notAfter] = readChildren(validity);
  if (!notBefore || !notAfter) throw malformed('it has no dates');
  const extensions = readExtensions(rest);
  const keyId = extensions(EXTENSION.subjectKeyIdentifier);
  return {
    issuer: issuer.raw,
    notBefore: readTime(notBefore),
    notAfter: readTime(notAfter),
    subject: subject.raw,
    spki: spki.raw,
    keyId: keyId ? readDer(keyId, TAG.octetString).contents : keyIdentifier(publicKeyBits(spki)),
    ...readConstraints(extensions(EXTENSION.basicConstraints)),
    mayCertify: readMayCertify(extensions(EXTENSION.keyUsage)),
  };
}

type Extensions = (id: Uint8Array) => Uint8Array | undefined;

function readExtensions(rest: readonly DerValue[]): Extensions {
  const wrapper = rest.find((value) => value.tag === contextTag(3, 'constructed'));
  const list = wrapper ? readParts(wrapper.contents, TAG.sequence).map(readChildren) : [];
  return (id) => {
    const found = list.find(([name]) => name !== undefined && equalBytes(name.raw, id));
    return found?.at(-1)?.contents;
  };
}

function readConstraints(
  value: Uint8Array | undefined,
): Pick<CertificateFacts, 'isAuthority' | 'pathLength'> {
  if (!value) return { isAuthority: false };
  const parts = readParts(value, TAG.sequence);
  const isAuthority = parts[0]?.tag === TAG.boolean && parts[0].contents[0] === 0xff;
  const limit = parts.find((part) => part.tag === TAG.integer)?.contents;
  if (!limit) return { isAuthority };
  return { isAuthority, pathLength: limit.reduce((number, byte) => number * 256 + byte, 0) };
}

function readMayCertify(value: Uint8Array | undefined): boolean {
  if (!value) return true;
  const bits = readDer(value, TAG.bitString).contents[1] ?? 0;
  return (bits & 0b0000_0100) !== 0;
}

function publicKeyBits(spki: DerValue): Uint8Array {
  const bits = readChildren(spki)[1];
  if (bits?.tag !== TAG.bitString) throw malformed('it has no public key');
  return bits.contents.subarray(1);
}
