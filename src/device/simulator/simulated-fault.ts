import { KeylineError } from '../../kernel/errors.ts';

/** Something that a simulated device or its cable does wrong, on demand. */
export type SimulatedFault =
  /** Every n-th byte that the device sends is lost. */
  | { readonly kind: 'drop'; readonly every: number }
  /** Every n-th byte that the host sends is lost. */
  | { readonly kind: 'drop-input'; readonly every: number }
  /** After every n-th byte that the device sends comes one that nobody sent. */
  | { readonly kind: 'noise'; readonly every: number }
  /** Each byte of the device takes this long. */
  | { readonly kind: 'slow'; readonly perByteMs: number }
  /** The device sends nothing. */
  | { readonly kind: 'silent' }
  /** What is read back from its memory is not what is in it. */
  | { readonly kind: 'wrong-answer' }
  /** It says that it cannot store. */
  | { readonly kind: 'refuse' }
  /** It says that it stored, and has lost it at the next restart. */
  | { readonly kind: 'forget' }
  /** The cable is pulled after n bytes of the host; once. `replugMs`: plugged in again then, else by hand. */
  | { readonly kind: 'unplug'; readonly after: number; readonly replugMs: number | undefined }
  /** It tells the id of the device in another slot. */
  | { readonly kind: 'duplicate-id'; readonly slot: number | undefined }
  | { readonly kind: 'blank-id' }
  /** Another id after each restart, or at each question. */
  | { readonly kind: 'changing-id'; readonly at: 'boot' | 'question' }
  /** It holds a credential that nobody here knows. */
  | { readonly kind: 'provisioned' };

/** The faults of one device, at most one of a kind. */
export type SimulatedFaults = readonly SimulatedFault[];

/** Every fault as it is written, with what it does. */
export const FAULT_FORMS: Readonly<Record<string, string>> = {
  'drop[:N]': 'every n-th byte of the device is lost (97)',
  'drop-input[:N]': 'every n-th byte of the host is lost (97)',
  'noise[:N]': 'after every n-th byte comes one that nobody sent (53)',
  'slow[:MS]': 'each byte takes so many milliseconds (2)',
  silent: 'the device sends nothing',
  'wrong-answer': 'what is read back is not what is in the memory',
  refuse: 'it says that it cannot store',
  forget: 'it has lost what it stored at the next restart',
  'unplug[:N[:MS]]': 'unplugged after n bytes of the host (64), plugged in again after MS',
  'duplicate-id[:SLOT]': 'it tells the id of another slot’s device',
  'blank-id': 'it has no id',
  'changing-id[:boot]': 'another id at each question, or after each restart',
  provisioned: 'it holds a credential already',
};

/** Reads `drop:50`, `unplug:200:1000`, `silent` and the like. Throws `usage`. */
export function parseFault(text: string): SimulatedFault {
  const [kind = '', ...given] = text.trim().split(':');
  const fault = makeFault(kind, given);
  if (fault) return fault;
  throw new KeylineError('usage', {
    message: `${JSON.stringify(text)} is no fault of a simulated device`,
    hint: `Faults: ${Object.keys(FAULT_FORMS).join(', ')}.`,
  });
}

/** Reads faults by slot as a JSON object: `{"2": ["silent"], "3": ["drop:50", "noise"]}`. Throws `usage`. */
export function parseFaultsFile(text: string): ReadonlyMap<number, SimulatedFaults> {
  const faults = new Map<number, SimulatedFaults>();
  for (const [slot, texts] of entriesOf(text)) {
    if (!/^[1-9]\d*$/.test(slot) || !isTexts(texts)) {
      throw new KeylineError('usage', {
        message: 'the file of faults is not an object of slot numbers and lists of faults',
        hint: 'Write {"2": ["silent"], "3": ["drop:50", "noise"]}.',
      });
    }
    faults.set(Number(slot), texts.map(parseFault));
  }
  return faults;
}

/** The fault of this kind, if it is among them. */
export function faultOf<K extends SimulatedFault['kind']>(
  faults: SimulatedFaults,
  kind: K,
): Extract<SimulatedFault, { kind: K }> | undefined {
  return faults.find((fault): fault is Extract<SimulatedFault, { kind: K }> => fault.kind === kind);
}

/** The one spelling of a fault, which `parseFault` reads again. */
export function formatFault(fault: SimulatedFault): string {
  const { kind, ...members } = fault;
  if (kind === 'changing-id') return fault.at === 'boot' ? 'changing-id:boot' : kind;
  const numbers = Object.values<number | string | undefined>(members);
  return [kind, ...numbers.filter((value) => value !== undefined)].join(':');
}

function makeFault(kind: string, given: readonly string[]): SimulatedFault | undefined {
  const [first, second] = given.map((text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined));
  const isPlain = given.length === 0;
  const hasOne = given.length === 1 && first !== undefined && first > 0;
  switch (kind) {
    case 'silent':
    case 'wrong-answer':
    case 'refuse':
    case 'forget':
    case 'blank-id':
    case 'provisioned':
      return isPlain ? { kind } : undefined;
    case 'drop':
    case 'drop-input':
      return isPlain || hasOne ? { kind, every: first ?? 97 } : undefined;
    case 'noise':
      return isPlain || hasOne ? { kind, every: first ?? 53 } : undefined;
    case 'slow':
      return isPlain || hasOne ? { kind, perByteMs: first ?? 2 } : undefined;
    case 'duplicate-id':
      return isPlain || hasOne ? { kind, slot: first } : undefined;
    case 'changing-id':
      if (isPlain) return { kind, at: 'question' };
      return given.length === 1 && given[0] === 'boot' ? { kind, at: 'boot' } : undefined;
    case 'unplug': {
      const hasBoth = given.length === 2 && first !== undefined && second !== undefined;
      if (!isPlain && !hasOne && !hasBoth) return undefined;
      return { kind, after: first ?? 64, replugMs: second };
    }
    default:
      return undefined;
  }
}

/** An entry that fits nothing stands for what is no JSON object. */
function entriesOf(text: string): [string, unknown][] {
  const none: [string, unknown][] = [['', undefined]];
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? Object.entries(value) : none;
  } catch {
    return none;
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
