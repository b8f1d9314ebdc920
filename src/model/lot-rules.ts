import { KeylineError } from '../kernel/errors.ts';
import { INDEX_LIMIT } from './range.ts';
import { lotEnd } from './lot.ts';
import type { Lot } from './lot.ts';
import { checkNumbersFit, parseSerialTemplate, unitSerial } from './serial-template.ts';

/** No control, format, surrogate or unassigned character, and no line or paragraph separator. */
const PLAIN_TEXT = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;
const ATTRIBUTE_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MAX_ATTRIBUTES = 64;
const MAX_ATTRIBUTE_LENGTH = 256;

/**
 * What a schema cannot say of a lot. Throws `invalid-lot` or `invalid-template`; whoever reads a
 * sealed descriptor applies it too, because a seal says who wrote a lot and not that it is sound.
 */
export function checkLot(lot: Lot): void {
  checkCode(lot.code);
  if (lot.model !== undefined) checkText('the model', lot.model, 128);
  checkAttributes(lot.attributes ?? {});
  if (lot.labelBaseUrl !== undefined) checkUrl('the label URL', lot.labelBaseUrl);
  if (lot.fdo) {
    checkText('the FDO device info', lot.fdo.deviceInfo, 512);
    checkUrl('the FDO rendezvous', lot.fdo.rendezvous);
  }
  if (lot.serialTemplate.length > 128)
    throw invalid('the serial template has more than 128 characters');
  const { size, spare, firstNumber } = lot;
  const counts = [size, spare, firstNumber].every(
    (count) => Number.isSafeInteger(count) && count >= 0,
  );
  if (!counts || size < 1) throw invalid('a lot has at least one unit, and whole numbers');
  if (lotEnd(lot) > INDEX_LIMIT) throw invalid(`a lot has at most ${INDEX_LIMIT} units`);
  checkNumbersFit(parseSerialTemplate(lot.serialTemplate), lot.firstNumber, lotEnd(lot));
  if ((lot.scheme === 'x509-p256') !== (lot.x509 !== undefined)) {
    throw invalid('certificates belong to scheme x509-p256 and to no other');
  }
  if ((lot.scheme === 'azure-dps') !== (lot.azureGroupKey !== undefined)) {
    throw invalid('a group key belongs to scheme azure-dps and to no other');
  }
  // ub-common-name, RFC 5280 appendix A.1.
  if (lot.x509?.subject === 'serial' && unitSerial(lot, 0).length > 64) {
    throw invalid('a serial of more than 64 characters cannot be the subject of a certificate');
  }
  if (lot.x509 && lot.x509.notBefore >= lot.x509.notAfter) {
    throw invalid('the certificates end before they begin');
  }
}

/** Throws `invalid-lot` unless the code is one line of plain text that no id or flag looks like. */
export function checkCode(code: string): void {
  checkText('the code', code, 64);
  if (code.startsWith('-')) throw invalid('a lot code does not begin with -');
  if (/^kl_/i.test(code)) throw invalid('a lot code does not begin with kl_, as lot ids do');
}

function checkAttributes(attributes: Readonly<Record<string, string>>): void {
  const entries = Object.entries(attributes);
  if (entries.length > MAX_ATTRIBUTES)
    throw invalid(`a lot has at most ${MAX_ATTRIBUTES} attributes`);
  for (const [name, value] of entries) {
    if (!ATTRIBUTE_NAME.test(name)) {
      throw invalid(
        `${JSON.stringify(name)} is no attribute name: a letter, then letters, digits, _.-`,
      );
    }
    checkText(`attribute ${name}`, value, MAX_ATTRIBUTE_LENGTH);
  }
}

function checkText(what: string, text: string, limit: number): void {
  if (text.length > limit) throw invalid(`${what} has more than ${limit} characters`);
  if (text === '') throw invalid(`${what} is empty`);
  if (!PLAIN_TEXT.test(text)) throw invalid(`${what} has control or invisible characters`);
  if (text !== text.trim()) throw invalid(`${what} begins or ends with a space`);
  if (text !== text.normalize('NFC')) throw invalid(`${what} is not in Unicode form NFC`);
}

function checkUrl(what: string, text: string): void {
  if (text.length > 512) throw invalid(`${what} has more than 512 characters`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw invalid(`${what} is no http or https URL: ${JSON.stringify(text)}`);
  }
  // The fragment is where a label puts its claim code; a password in a URL ends on every label.
  if (url.hash !== '' || text.includes('#')) throw invalid(`${what} has a fragment`);
  if (url.username !== '' || url.password !== '') throw invalid(`${what} has credentials in it`);
  if (/\s/u.test(text) || !PLAIN_TEXT.test(text)) throw invalid(`${what} has white space in it`);
}

function invalid(message: string): KeylineError {
  return new KeylineError('invalid-lot', { message });
}
