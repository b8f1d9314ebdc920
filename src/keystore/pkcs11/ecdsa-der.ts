import { concat } from '../../kernel/bytes.ts';

/** Ecdsa-Sig-Value DER (RFC 3279 section 2.2.3) of `r || s`, as CKM_ECDSA gives it, on curves up to P-521. */
export function ecdsaDer(signature: Uint8Array): Uint8Array {
  const half = signature.length / 2;
  const content = concat(
    derInteger(signature.subarray(0, half)),
    derInteger(signature.subarray(half)),
  );
  // Above 127 bytes, P-521 alone, the length takes a second byte.
  const length = content.length < 128 ? [content.length] : [0x81, content.length];
  return concat(Uint8Array.of(0x30, ...length), content);
}

function derInteger(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at++;
  const rest = bytes.subarray(at);
  const sign = (rest[0] ?? 0) >= 0x80 ? [0] : [];
  return concat(Uint8Array.of(0x02, rest.length + sign.length, ...sign), rest);
}
