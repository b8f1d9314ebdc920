import { COLUMNS } from './columns.ts';
import type { ColumnChoice } from './columns.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { Lot } from './lot.ts';
import type { ByteValue, RowFormat, RowPart, RowPlan } from './row-template.ts';
import { parseSerialTemplate } from './serial-template.ts';

type BytesPart = Extract<RowPart, { kind: 'bytes' }>;
type PemPart = Extract<RowPart, { kind: 'pem' }>;

/**
 * The parts of every row of this plan, its line feed included: byte for byte what csv-stringify
 * (RFC 4180) or `JSON.stringify` would write. Neighbouring literals are one. Throws
 * `invalid-columns` for a model column where the lot has no model, as a value is never empty.
 */
export function compileRow(lot: Lot, plan: RowPlan): RowPart[] {
  const parts = plan.columns.flatMap((choice, at) => [
    literal(opening(plan.format, choice, at)),
    ...quoted(plan.format, choice, valueParts(lot, plan.format, choice)),
  ]);
  return join([...parts, literal(plan.format === 'csv' ? '\n' : '}\n')]);
}

/** A CSV's first line, column names without formats; '' for NDJSON. */
export function headerLine(plan: RowPlan): string {
  if (plan.format === 'ndjson') return '';
  return `${plan.columns.map((choice) => choice.name).join(',')}\n`;
}

/** What stands between the value before and this one. */
function opening(format: RowFormat, choice: ColumnChoice, at: number): string {
  if (format === 'csv') return at === 0 ? '' : ',';
  return `${at === 0 ? '{' : ','}"${COLUMNS[choice.name].json}":`;
}

/** Only a model and a PEM can hold what CSV quotes; a serial template's alphabet has none of it. */
function quoted(format: RowFormat, choice: ColumnChoice, parts: RowPart[]): RowPart[] {
  const isJsonString = format === 'ndjson' && choice.name !== 'index' && choice.name !== 'model';
  const isCsvPem = format === 'csv' && choice.format === 'pem';
  return isJsonString || isCsvPem ? [literal('"'), ...parts, literal('"')] : parts;
}

function valueParts(lot: Lot, format: RowFormat, choice: ColumnChoice): RowPart[] {
  switch (choice.name) {
    case 'index':
      return [{ kind: 'index' }];
    case 'serial':
      return serialParts(lot);
    case 'model':
      return [literal(modelText(lot, format))];
    case 'endpoint_key':
      return prefixed(choice, 'ek_', bytes('endpoint_key', choice, 'crockford'));
    case 'endpoint_secret':
      return prefixed(choice, 'es_', bytes('secret', choice, 'base64url'));
    case 'private_key':
      if (choice.format === 'pem') return [pem('private_key_pkcs8', 'PRIVATE KEY', format)];
      if (choice.format === 'der') return [bytes('private_key_pkcs8', choice)];
      return prefixed(choice, 'es_', bytes('secret', choice, 'base64url'));
    case 'public_key':
      if (choice.format === 'pem') return [pem('public_key_spki', 'PUBLIC KEY', format)];
      return [bytes(choice.format === 'der' ? 'public_key_spki' : 'public_key', choice)];
    case 'certificate':
      if (choice.format === 'pem') return [pem('certificate', 'CERTIFICATE', format)];
      return [bytes('certificate', choice)];
    case 'claim_code':
      return [bytes('claim_code', choice, 'crockford')];
    case 'certificate_digest':
    case 'claim_digest':
      return [bytes(choice.name, choice)];
  }
}

function serialParts(lot: Lot): RowPart[] {
  const { before, base, width, between, luhn, after } = parseSerialTemplate(lot.serialTemplate);
  const first = lot.firstNumber;
  const parts = [literal(before), { kind: 'number', base, width, first } as const];
  if (!luhn) return [...parts, literal(after)];
  const digitsBefore = before.replace(/\D/g, '');
  return [...parts, literal(between), { kind: 'luhn', digitsBefore, width, first }, literal(after)];
}

function modelText({ code, model }: Lot, format: RowFormat): string {
  if (model === undefined) {
    throw new KeylineError('invalid-columns', {
      message: `lot ${code} has no model`,
      hint: 'Leave the model column out.',
    });
  }
  if (format === 'ndjson') return JSON.stringify(model);
  return /[",\n\r]/.test(model) ? `"${model.replaceAll('"', '""')}"` : model;
}

/** A prefix stands before the text form alone: hex and base64 are the value's bytes and nothing else. */
function prefixed(choice: ColumnChoice, prefix: string, part: BytesPart): RowPart[] {
  return choice.format === 'text' ? [literal(prefix), part] : [part];
}

function bytes(
  value: ByteValue,
  { format }: ColumnChoice,
  textEncoding: 'crockford' | 'base64url' = 'base64url',
): BytesPart {
  if (format === 'text') return { kind: 'bytes', value, encoding: textEncoding };
  // `der` is base64 of the structure; its PEM form does not come here.
  const encoding = format === 'der' || format === 'pem' ? 'base64' : format;
  return { kind: 'bytes', value, encoding };
}

function pem(value: ByteValue, label: PemPart['label'], format: RowFormat): PemPart {
  return { kind: 'pem', value, label, lineBreak: format === 'csv' ? '\n' : String.raw`\n` };
}

function literal(text: string): RowPart {
  return { kind: 'literal', text };
}

function join(parts: readonly RowPart[]): RowPart[] {
  const joined: RowPart[] = [];
  let text = '';
  for (const part of parts) {
    if (part.kind === 'literal') {
      text += part.text;
      continue;
    }
    if (text !== '') joined.push(literal(text));
    text = '';
    joined.push(part);
  }
  return [...joined, literal(text)];
}
