import { KeylineError } from '../kernel/errors.ts';
import { speaksTls } from './speaks-tls.ts';

/** What node:tls says of a certificate that it does not take. */
const CERTIFICATE_CODES: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: 'its root is none that this machine knows',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is none that this machine knows',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is none that this machine knows',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is none that this machine knows',
  CERT_SIGNATURE_FAILURE: 'its signature is not that of its issuer',
  CERT_UNTRUSTED: 'its issuer is not trusted',
  CERT_HAS_EXPIRED: 'it has ended',
  CERT_NOT_YET_VALID: 'it has not begun; check this machine’s clock',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
};

/** What node:tls says where the answer to its first message is none of TLS. */
const NOT_TLS = ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'];
/** How a request ends that went to something else than an HTTP server. */
const NOT_HTTP = /^(?:HPE_|UND_ERR_SOCKET$|ECONNRESET$)/;

/**
 * The error of a connection that will not do better when it is tried again, or undefined for one that
 * may. The cause is looked at for its code alone: its text may quote the request.
 */
export async function connectionError(
  url: string,
  error: unknown,
): Promise<KeylineError | undefined> {
  const status = proxyStatus(error);
  if (status !== undefined && status < 500) {
    return new KeylineError('proxy-refused', {
      message: `the proxy does not let requests through to ${url} (${status})`,
      facts: { url, status },
    });
  }
  const codes = codesOf(error);
  if (url.startsWith('https:') && codes.some((code) => NOT_TLS.includes(code))) {
    return otherScheme(url, 'http');
  }
  if (url.startsWith('http:') && codes.some((code) => NOT_HTTP.test(code))) {
    if (await speaksTls(url)) return otherScheme(url, 'https');
  }
  const reason = codes.map((code) => CERTIFICATE_CODES[code]).find(Boolean);
  if (reason === undefined) return undefined;
  return new KeylineError('registry-untrusted', {
    message: `the certificate of ${url} is not trusted: ${reason}`,
    facts: { url },
  });
}

/** Nothing but the address has to change, which is said as it would be typed. */
function otherScheme(url: string, scheme: 'http' | 'https'): KeylineError {
  const right = url.replace(/^https?:/, `${scheme}:`);
  return new KeylineError('registry-scheme', {
    message: `${new URL(url).host} speaks ${scheme === 'http' ? 'plain HTTP, not TLS' : 'TLS, not plain HTTP'}`,
    hint: `Give its address as ${right}${scheme === 'http' ? ', if it is this machine or the way there is safe' : ''}.`,
    facts: { url, scheme },
  });
}

/** What the proxy answered to CONNECT; undici says it in its message alone. */
function proxyStatus(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, status] = /^Proxy .*\((\d{3})\)/.exec(error.message) ?? [];
  return status === undefined ? proxyStatus(error.cause) : Number(status);
}

/** `code` of an error and of what caused it. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return [...own, ...codesOf(error.cause)];
}
