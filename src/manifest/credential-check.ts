import { hash, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { concat, equalBytes } from '../kernel/bytes.ts';
import { ed25519Pkcs8, p256Pkcs8 } from '../model/key-encoding.ts';
import { labelled } from '../kernel/hkdf.ts';
import { endpointPrefix } from '../model/hierarchy.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import type { ColumnName, Format } from '../model/columns.ts';
import type { Lot, Scheme } from '../model/lot.ts';
import type { IssueCode } from './issue.ts';

/** Public keys of private ones, by whatever is fast; SPKI. */
export interface PublicKeys {
  ofEd25519(seed: Uint8Array): Uint8Array;
  ofP256(scalar: Uint8Array): Uint8Array;
}

/** What is known of whoever made the manifest. */
export interface Maker {
  /** From a verified seal, or from `--key`. */
  readonly provisioningKey?: ProvisioningKey | undefined;
  readonly lot?: Lot | undefined;
}

/** A row's values as bytes, those that could be read. */
export type Values = ReadonlyMap<ColumnName, Uint8Array>;

/** What is wrong with one value. */
export interface Finding {
  readonly column: ColumnName;
  readonly code: IssueCode;
  readonly message: string;
}

/** Length of an uncompressed point at the end of a P-256 SPKI. */
const POINT_BYTES = 65;
const PREFIX_BYTES = 64;
const CLAIM_BYTES = 10;
const CLAIM_PREFIX = labelled('keyline/v1 claim');
const MAX_SPKI_BYTES = 91;

/** Checks the values of a row against each other: what one commits to, the other must be. */
export class CredentialCheck {
  readonly #keys: PublicKeys;
  /** The endpoint prefix, and room for what is committed to. */
  readonly #commitment: Uint8Array | undefined;
  readonly #scheme: Scheme | undefined;
  readonly #issuer: KeyObject | undefined;
  readonly #scratch = Buffer.alloc(32);
  readonly #claim = concat(CLAIM_PREFIX, new Uint8Array(CLAIM_BYTES));

  constructor({ provisioningKey, lot }: Maker, keys: PublicKeys) {
    this.#keys = keys;
    if (provisioningKey !== undefined) {
      this.#commitment = concat(endpointPrefix(provisioningKey), new Uint8Array(MAX_SPKI_BYTES));
    }
    this.#scheme = lot?.scheme;
    const [issuing] = lot?.x509?.chain ?? [];
    if (issuing !== undefined) {
      this.#issuer = new X509Certificate(Buffer.from(issuing, 'base64')).publicKey;
    }
  }

  /** What does not fit. `pkcs8` is the private key's whole structure where the manifest has that. */
  check(values: Values, pkcs8?: Uint8Array): Finding[] {
    const found: Finding[] = [];
    const secret = values.get('endpoint_secret');
    if (secret && !this.#commits(values, secret)) {
      found.push(notCommitted('endpoint_secret', 'the secret'));
    }
    const publicKey = values.get('public_key');
    if (publicKey && !this.#commits(values, publicKey)) {
      found.push(notCommitted('public_key', 'the public key'));
    }
    const privateKey = values.get('private_key');
    if (privateKey && !this.#isPrivateKey(values, privateKey, pkcs8)) {
      found.push(
        publicKey
          ? finding('private_key', 'not-committed', 'the private key is not that of the public key')
          : notCommitted('private_key', 'the private key'),
      );
    }
    return [...found, ...this.#checkClaim(values), ...this.#checkCertificate(values)];
  }

  /** True where the endpoint key commits to this, and where that cannot be known. */
  #commits(values: Values, committed: Uint8Array): boolean {
    const endpointKey = values.get('endpoint_key');
    if (!endpointKey || !this.#commitment) return true;
    this.#commitment.set(committed, PREFIX_BYTES);
    const input = this.#commitment.subarray(0, PREFIX_BYTES + committed.length);
    // As hex because node:crypto returns that in 0.3 µs and bytes in 1.0.
    return hash('sha256', input, 'hex').startsWith(this.#hex(endpointKey));
  }

  #isPrivateKey(values: Values, secret: Uint8Array, pkcs8: Uint8Array | undefined): boolean {
    const publicKey = values.get('public_key');
    const isEd25519 = publicKey ? publicKey.length === 44 : this.#scheme === 'ed25519';
    const isEither = !publicKey && this.#scheme === undefined;
    return (
      ((isEd25519 || isEither) && this.#isPair(values, this.#ed25519(secret), pkcs8)) ||
      ((!isEd25519 || isEither) && this.#isPair(values, this.#p256(secret), pkcs8))
    );
  }

  #isPair(values: Values, pair: Pair | undefined, pkcs8: Uint8Array | undefined): boolean {
    if (!pair || (pkcs8 && !equalBytes(pair.pkcs8, pkcs8))) return false;
    const publicKey = values.get('public_key');
    return publicKey ? equalBytes(publicKey, pair.spki) : this.#commits(values, pair.spki);
  }

  #ed25519(seed: Uint8Array): Pair {
    return { spki: this.#keys.ofEd25519(seed), pkcs8: ed25519Pkcs8(seed) };
  }

  /** Undefined for bytes that are no scalar. */
  #p256(scalar: Uint8Array): Pair | undefined {
    try {
      const spki = this.#keys.ofP256(scalar);
      return { spki, pkcs8: p256Pkcs8(scalar, spki.subarray(-POINT_BYTES)) };
    } catch {
      return undefined;
    }
  }

  /** Of at most 32 bytes; a new view for each would cost more than the digits. */
  #hex(bytes: Uint8Array): string {
    this.#scratch.set(bytes);
    return this.#scratch.toString('hex', 0, bytes.length);
  }

  #checkClaim(values: Values): Finding[] {
    const code = values.get('claim_code');
    const digest = values.get('claim_digest');
    if (!code || !digest) return [];
    this.#claim.set(code, CLAIM_PREFIX.length);
    if (hash('sha256', this.#claim, 'hex') === this.#hex(digest)) return [];
    return [finding('claim_digest', 'wrong-claim-digest', 'not the digest of the claim code')];
  }

  #checkCertificate(values: Values): Finding[] {
    const der = values.get('certificate');
    const digest = values.get('certificate_digest');
    if (!der) return [];
    const problems: Finding[] = [];
    if (digest && hash('sha256', der, 'hex') !== this.#hex(digest)) {
      const message = 'not the digest of the certificate';
      problems.push(finding('certificate_digest', 'wrong-certificate', message));
    }
    const problem = this.#certificateProblem(der, values);
    return problem === undefined
      ? problems
      : [...problems, finding('certificate', 'wrong-certificate', problem)];
  }

  #certificateProblem(der: Uint8Array, values: Values): string | undefined {
    let certificate: X509Certificate;
    let spki: Uint8Array;
    try {
      certificate = new X509Certificate(der);
      spki = certificate.publicKey.export({ format: 'der', type: 'spki' });
    } catch {
      return 'the certificate cannot be read';
    }
    const publicKey = values.get('public_key');
    const isItsKey = publicKey ? equalBytes(publicKey, spki) : this.#commits(values, spki);
    if (!isItsKey) return 'the certificate is for another public key';
    if (this.#issuer && !certificate.verify(this.#issuer)) {
      return 'the certificate is not signed by the issuing CA of the lot';
    }
    return undefined;
  }
}

interface Pair {
  readonly spki: Uint8Array;
  readonly pkcs8: Uint8Array;
}

/** True for a format of a private key that has more in it than the key itself. */
export function isStructure(format: Format | undefined): boolean {
  return format === 'pem' || format === 'der';
}

function notCommitted(column: ColumnName, what: string): Finding {
  return finding(column, 'not-committed', `the endpoint key does not commit to ${what}`);
}

function finding(column: ColumnName, code: IssueCode, message: string): Finding {
  return { column, code, message };
}
