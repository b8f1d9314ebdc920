import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { INDEX_LIMIT } from '../model/range.ts';

const text = Type.String({ maxLength: 512 });

/** One line of the book: a range that left the lot, or is about to; `returned` is one that came back unused. */
export const AllocationSchema = Type.Object(
  {
    at: Type.String({ maxLength: 32 }),
    from: Type.Integer({ minimum: 0, maximum: INDEX_LIMIT }),
    count: Type.Integer({ minimum: 1, maximum: INDEX_LIMIT }),
    purpose: Type.Union([
      Type.Literal('grant'),
      Type.Literal('manifest'),
      Type.Literal('station'),
      Type.Literal('field'),
      Type.Literal('reveal'),
      Type.Literal('returned'),
      /** Labels: of a unit's secrets at most its claim code left. */
      Type.Literal('label'),
    ]),
    who: text,
    why: Type.Optional(text),
    /** The reason that was given for letting it leave once more. */
    again: Type.Optional(text),
    /** A grant id, a file name, or `ledger` and its epoch; of what came back, that under which it left. */
    reference: Type.Optional(text),
  },
  { additionalProperties: false },
);
export type Allocation = Static<typeof AllocationSchema>;

/** Whether a credential left by it, and not labels alone. */
export function takesCredential({ purpose }: Pick<Allocation, 'purpose'>): boolean {
  return purpose !== 'label';
}

/** The allocation on a line of a book, or undefined for a line that is none. */
export function parseAllocation(line: string): Allocation | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return Check(AllocationSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}
