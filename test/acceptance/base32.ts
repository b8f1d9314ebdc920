/** Bytes of base32 (RFC 4648 section 6), whatever stands between. */
export function fromBase32(text: string): Uint8Array {
  const digits = [...text].map((one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one));
  const bits = digits
    .filter((digit) => digit >= 0)
    .map((digit) => digit.toString(2).padStart(5, '0'));
  return Uint8Array.from(bits.join('').match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
