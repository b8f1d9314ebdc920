import { fromHex, toBase64, utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { toPem } from '../kernel/pem.ts';
import { COLUMNS, isSecret } from '../model/columns.ts';
import type { ColumnChoice } from '../model/columns.ts';
import { compileRow } from '../model/compile-row.ts';
import type { Lot } from '../model/lot.ts';
import { createRowRenderer } from '../model/render-row.ts';
import type { Unit, UnitNeeds } from '../model/unit.ts';
import type { DeviceProfile, ValueSource } from './profile-model.ts';

/** One value of a profile, rendered for one unit. */
export interface DeviceValue {
  readonly name: string;
  /** It must show nowhere: not in logs, reasons or captures. */
  readonly isSecret: boolean;
  /** Length in bytes. */
  readonly length: number;
  /**
   * Lends the bytes exactly as the device is to hold them, for one synchronous call: UTF-8 of the
   * text, or the raw bytes of format `raw`.
   */
  use<T>(borrow: (bytes: Uint8Array) => T): T;
}

/** All values of one unit, lent to a driver; whoever rendered them disposes of them. */
export interface DeviceValues extends Disposable {
  readonly names: readonly string[];
  /** What a log must not show; lent, to be given to `WireLog.protect` before anything is sent. */
  readonly secrets: readonly Secret[];
  /** Throws for a name that the profile does not define, which its check has seen before. */
  get(name: string): DeviceValue;
}

/** Renders the values of a profile for the units of one lot. */
export interface ValueRenderer {
  /** What the values ask of a unit beyond its secret and keys. */
  readonly needs: UnitNeeds;
  /** Copies what it needs of the lent unit; the caller disposes of the result. */
  render(unit: Unit): DeviceValues;
}

/** What a renderer needs beside the profile. */
export interface ValueOptions {
  readonly lot: Lot;
  /** DER certificates for `trustAnchor` values, in the order in which they are to be written. */
  readonly trustAnchor?: readonly Uint8Array[];
}

/**
 * Throws `invalid-columns` when the lot's scheme does not make a column of the profile, and `usage`
 * when a trust anchor is asked for and none was given.
 */
export function createValueRenderer(profile: DeviceProfile, options: ValueOptions): ValueRenderer {
  const makers = [...profile.values].map(
    ([name, source]) => [name, makerOf(name, source, options)] as const,
  );
  const columns = [...profile.values.values()].flatMap((source) =>
    source.kind === 'column' ? [source.column] : [],
  );
  return {
    needs: {
      claimCode: columns.some((column) => column === 'claim_code' || column === 'claim_digest'),
      certificate: columns.some(
        (column) => column === 'certificate' || column === 'certificate_digest',
      ),
    },
    render: (unit) => valuesOf(makers.map(([name, make]) => [name, make(unit)] as const)),
  };
}

interface MadeValue {
  readonly isSecret: boolean;
  readonly content: Secret;
}

/** Values made elsewhere, by name; their contents belong to the result from now on. */
export function valuesOf(made: readonly (readonly [string, MadeValue])[]): DeviceValues {
  const values = new Map<string, DeviceValue>(
    made.map(([name, { isSecret, content }]) => [
      name,
      { name, isSecret, length: content.length, use: (borrow) => content.use(borrow) },
    ]),
  );
  return {
    names: [...values.keys()],
    secrets: made.flatMap(([, { isSecret, content }]) => (isSecret ? [content] : [])),
    get: (name) => {
      const value = values.get(name);
      if (!value) throw new Error(`the profile has no value ${name}`);
      return value;
    },
    [Symbol.dispose]: () => {
      for (const [, { content }] of made) content[Symbol.dispose]();
    },
  };
}

type Maker = (unit: Unit) => MadeValue;

function makerOf(name: string, source: ValueSource, options: ValueOptions): Maker {
  switch (source.kind) {
    case 'constant':
      return () => ({ isSecret: false, content: Secret.take(utf8(source.text)) });
    case 'trust-anchor': {
      const bytes = trustAnchorBytes(name, source.format, options);
      return () => ({ isSecret: false, content: Secret.copyOf(bytes) });
    }
    case 'custody-anchor': {
      const bytes = custodyAnchorBytes(name, source.format, options.lot);
      return () => ({ isSecret: false, content: Secret.copyOf(bytes) });
    }
    case 'column':
      return columnMaker(source, options.lot);
  }
}

function columnMaker(source: Extract<ValueSource, { kind: 'column' }>, lot: Lot): Maker {
  const { column: name, format } = source;
  const schemes: readonly string[] = COLUMNS[name].schemes;
  if (!schemes.includes(lot.scheme)) {
    throw new KeylineError('invalid-columns', {
      message: `the profile writes ${name}, which scheme ${lot.scheme} does not have`,
      hint: 'Use a profile for this scheme, or a lot of another scheme.',
    });
  }
  const choice: ColumnChoice = { name, format: format === 'raw' ? 'hex' : format };
  const render = createRowRenderer(
    // CSV quotes a model or a PEM; the value alone is what stands between its quotes.
    compileRow(lot, { format: 'csv', columns: [choice] }),
    lot,
  );
  const secret = isSecret(choice);
  return (unit) => {
    const text = unquoted(render(unit).slice(0, -1));
    return {
      isSecret: secret,
      content: Secret.take(format === 'raw' ? bytesOfHex(text) : utf8(text)),
    };
  };
}

/** RFC 4180 section 2, backwards. */
function unquoted(field: string): string {
  return field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
}

function bytesOfHex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (!bytes) throw new Error('a column did not come as hexadecimal');
  return bytes;
}

function custodyAnchorBytes(
  name: string,
  format: Extract<ValueSource, { kind: 'custody-anchor' }>['format'],
  { code, custodyAnchor }: Lot,
): Uint8Array {
  const digest = custodyAnchor === undefined ? undefined : fromHex(custodyAnchor);
  if (!digest) {
    throw new KeylineError('invalid-columns', {
      message: `the profile writes the custody anchor as ${name}, and lot ${code} has none`,
      hint: 'Use a profile without it, or a lot that was made by a keyline that seals it.',
    });
  }
  return format === 'raw' ? digest : utf8(Buffer.from(digest).toString(format));
}

function trustAnchorBytes(
  name: string,
  format: 'pem' | 'der' | 'raw',
  { trustAnchor = [] }: ValueOptions,
): Uint8Array {
  const [first] = trustAnchor;
  if (!first) {
    throw new KeylineError('usage', {
      message: `the profile writes a trust anchor as ${name}, and none was given`,
      hint: 'Give the certificates that the device is to trust with --trust-anchor FILE.',
    });
  }
  if (format === 'pem') {
    return utf8(trustAnchor.map((der) => toPem('CERTIFICATE', der)).join(''));
  }
  if (trustAnchor.length > 1) {
    throw new KeylineError('usage', {
      message: `${name} takes one certificate, and ${trustAnchor.length} were given`,
      hint: 'Write the value as pem, or give one certificate.',
    });
  }
  return format === 'raw' ? first : utf8(toBase64(first));
}
