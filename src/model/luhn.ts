/**
 * The check digit of ISO/IEC 7812-1 annex B over the decimal digits of `text`; every other character
 * is passed over. The digit that stands last is doubled, then every second one to the left.
 */
export function luhnDigit(text: string): number {
  const digits = text.replace(/[^0-9]/g, '');
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    sum += luhnWeight(Number(digits.charAt(digits.length - 1 - at)), at);
  }
  return (10 - (sum % 10)) % 10;
}

/** What `digit` adds to the sum when `distance` digits stand between it and the check digit. */
export function luhnWeight(digit: number, distance: number): number {
  if (distance % 2 === 1) return digit;
  const doubled = digit * 2;
  return doubled > 9 ? doubled - 9 : doubled;
}
