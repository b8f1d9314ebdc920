import { luhnWeight } from './luhn.ts';
import type { SerialTemplate } from './serial-template.ts';

/** The serials of a lot: its template with the numbers `first … first + count − 1`, all of which fit. */
export interface SerialRange {
  readonly template: SerialTemplate;
  readonly first: number;
  readonly count: number;
}

/** A place in a serial: a literal, the place-th digit of the number, or the check digit. */
type Place =
  | { readonly kind: 'literal'; readonly character: string }
  | { readonly kind: 'digit'; readonly at: number }
  | { readonly kind: 'check' };

/** The number's digits so far against its bounds: still equal to the lower one, to the upper one. */
interface Tight {
  readonly low: boolean;
  readonly high: boolean;
}

/** Everything that the rest of a serial depends on; few enough values to keep every one that is reachable. */
interface State {
  readonly a: Tight;
  readonly b: Tight;
  /** Sum so far of the check digit's formula, modulo 10; 0 without a check digit. */
  readonly sum: number;
}

interface Side {
  /** What a digit of the number may be. */
  readonly alphabet: RegExp;
  readonly places: readonly Place[];
  readonly low: string;
  readonly high: string;
}

/**
 * Whether two lots have a serial in common. Exact: it walks both templates place by place over every
 * character that both can have there and keeps the states that can be reached (at most 160), which
 * takes microseconds for lots of any size.
 */
export function serialsMeet(a: SerialRange, b: SerialRange): boolean {
  const [one, other] = [side(a), side(b)];
  if (one.places.length !== other.places.length) return false;
  // With one check digit its sum is followed. Where both have one, they stand at the same place: no
  // digit may follow a check digit. Then both sum the same digits, and one sum is enough.
  const weights = checkWeights(one.places) ?? checkWeights(other.places);
  let states = new Map<string, State>([['', { a: OPEN, b: OPEN, sum: 0 }]]);
  for (const [at, placeA] of one.places.entries()) {
    const placeB = other.places[at];
    if (!placeB) return false;
    const next = new Map<string, State>();
    for (const state of states.values()) {
      for (const character of charactersOf(placeA, state, weights?.at === at)) {
        const after = step(state, character, { placeA, placeB, one, other, weights, at });
        if (after) next.set(JSON.stringify(after), after);
      }
    }
    if (next.size === 0) return false;
    states = next;
  }
  return true;
}

const OPEN: Tight = { low: true, high: true };
const DIGITS = [...'0123456789ABCDEF'];

interface Step {
  readonly placeA: Place;
  readonly placeB: Place;
  readonly one: Side;
  readonly other: Side;
  readonly weights: CheckWeights | undefined;
  readonly at: number;
}

/** The state after both sides have this character, or undefined where one cannot. */
function step(state: State, character: string, by: Step): State | undefined {
  const isCheck = by.weights?.at === by.at;
  if (isCheck && character !== String((10 - state.sum) % 10)) return undefined;
  const a = accept(by.placeA, state.a, { side: by.one, character });
  const b = accept(by.placeB, state.b, { side: by.other, character });
  if (!a || !b) return undefined;
  const distance = by.weights?.distances[by.at];
  const isCounted = distance !== undefined && /\d/.test(character);
  const sum = isCounted ? (state.sum + luhnWeight(Number(character), distance)) % 10 : state.sum;
  return { a, b, sum };
}

function charactersOf(place: Place, state: State, isCheck: boolean): readonly string[] {
  if (place.kind === 'literal') return [place.character];
  return isCheck ? [String((10 - state.sum) % 10)] : DIGITS;
}

function accept(
  place: Place,
  tight: Tight,
  by: { readonly side: Side; readonly character: string },
): Tight | undefined {
  const { character, side } = by;
  if (place.kind === 'literal') return place.character === character ? tight : undefined;
  if (place.kind === 'check') return /\d/.test(character) ? tight : undefined;
  const [low, high] = [side.low.charAt(place.at), side.high.charAt(place.at)];
  if (!side.alphabet.test(character)) return undefined;
  // Code units order 0–9 before A–F.
  if (tight.low && character < low) return undefined;
  if (tight.high && character > high) return undefined;
  return { low: tight.low && character === low, high: tight.high && character === high };
}

interface CheckWeights {
  /** Where the check digit stands. */
  readonly at: number;
  /** For each place before it that may hold a counted digit, how many of them follow before the check digit. */
  readonly distances: readonly (number | undefined)[];
}

/** Which places of a template with a check digit are counted: its literal digits and its number. */
function checkWeights(places: readonly Place[]): CheckWeights | undefined {
  const at = places.findIndex((place) => place.kind === 'check');
  if (at < 0) return undefined;
  const counted = places
    .slice(0, at)
    .map(
      (place) => place.kind === 'digit' || (place.kind === 'literal' && /\d/.test(place.character)),
    );
  const distances = counted.map((isCounted, place) =>
    isCounted ? counted.slice(place + 1).filter(Boolean).length : undefined,
  );
  return { at, distances };
}

function side({ template, first, count }: SerialRange): Side {
  const literals = (text: string): Place[] =>
    [...text].map((character) => ({ kind: 'literal', character }));
  const digits = Array.from({ length: template.width }, (_, at): Place => ({ kind: 'digit', at }));
  const check: Place[] = template.luhn ? [{ kind: 'check' }] : [];
  const { before, between, after } = template;
  const bound = (number: number): string =>
    number.toString(template.base).toUpperCase().padStart(template.width, '0');
  return {
    places: [...literals(before), ...digits, ...literals(between), ...check, ...literals(after)],
    alphabet: template.base === 10 ? /[0-9]/ : /[0-9A-F]/,
    low: bound(first),
    high: bound(first + count - 1),
  };
}
