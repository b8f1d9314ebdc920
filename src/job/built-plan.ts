import { KeylineError, throwIfAborted } from '../kernel/errors.ts';
import { captureColumns, parseBuiltPlan, usualBuiltPlan } from '../model/built-columns.ts';
import type { BuiltPlan } from '../model/built-columns.ts';
import { isSecret } from '../model/columns.ts';
import { compileRow } from '../model/compile-row.ts';
import { IndexRuns } from '../model/index-runs.ts';
import { lotEnd } from '../model/lot.ts';
import { contains, formatRange, intersection } from '../model/range.ts';
import type { Range } from '../model/range.ts';
import type { RowFormat } from '../model/row-template.ts';
import type { VerifiedGrant } from '../seals/grant.ts';
import type { Signer } from '../seals/manifest-seal.ts';
import type { GatheredLedger } from './gather-ledgers.ts';
import type { OpenLot } from './open-lot.ts';
import { verifiedUnits } from './verified-units.ts';

/** What a person decides about the rows of an as-built manifest. */
export interface BuiltChoices {
  /** The public ones and all that the ledgers know when left out. */
  readonly columns?: readonly string[] | undefined;
  readonly format: RowFormat;
  readonly range?: Range | undefined;
  /** Only the units of this grant, on which the seal then rests. */
  readonly grant?: string | undefined;
}

/** An as-built manifest that can be written. */
export interface BuiltManifest {
  readonly plan: BuiltPlan;
  /** What the seal says of its units: they hold every row, and lie in the grant. */
  readonly ranges: readonly Range[];
  readonly count: number;
  readonly signer: Signer;
  /** Whether a verified unit has its row. */
  has(index: number): boolean;
}

/** What a seal may rest on: the owner's whole lot, or one grant. */
interface Basis {
  readonly grant?: VerifiedGrant;
  readonly ranges: readonly Range[];
  readonly runs: IndexRuns;
}

/**
 * Reads the verified units once: how many there are, what was captured of them, and what the seal can
 * rest on. Throws `not-found` for no unit, `outside-grant` where no one grant has them all,
 * `invalid-columns`, `secret-columns`.
 */
export async function planBuilt(
  open: OpenLot,
  ledgers: readonly GatheredLedger[],
  choices: BuiltChoices & { readonly signal?: AbortSignal | undefined },
): Promise<BuiltManifest> {
  const { lot } = open;
  const bases = basesOf(open, choices);
  const captures = new Set<string>();
  let wanted = 0;
  for await (const unit of verifiedUnits(ledgers, lot.lotId)) {
    if (!isWanted(unit.index, choices, bases)) continue;
    throwIfAborted(choices.signal);
    wanted++;
    for (const name of Object.keys(unit.captures ?? {})) captures.add(name);
    for (const { runs } of bases) runs.add(unit.index);
  }
  if (wanted === 0) {
    throw new KeylineError('not-found', {
      message: `no unit of lot ${lot.code} was verified on a device`,
      hint: `\`keyline station report ${lot.code}\` says where its units are.`,
      facts: { lotId: lot.lotId },
    });
  }
  const basis = bases.find(({ runs }) => runs.count === wanted);
  if (!basis) throw noOneGrant(open, bases, wanted);
  return {
    plan: columnsOf(open, choices, captures),
    ranges: basis.runs.ranges(),
    count: wanted,
    signer: basis.grant ? open.signerFor(basis.runs.ranges()) : open.signer,
    has: (index) => isWanted(index, choices, bases),
  };
}

function basesOf({ lot, by, grants }: OpenLot, { range, grant: named }: BuiltChoices): Basis[] {
  const within = (ranges: readonly Range[]): Pick<Basis, 'ranges' | 'runs'> => {
    const cut = range ? ranges.flatMap((one) => intersection(one, range) ?? []) : ranges;
    return { ranges: cut, runs: new IndexRuns(cut) };
  };
  if (by === 'owner') {
    if (named === undefined) return [within([{ from: 0, count: lotEnd(lot) }])];
    throw new KeylineError('usage', {
      message: `this home has the key of lot ${lot.code}: its seal rests on no grant`,
      hint: 'Leave --grant out.',
    });
  }
  const chosen = grants.filter(
    ({ statement }) => named === undefined || statement.grantId === named,
  );
  if (chosen.length > 0) {
    return chosen.map((grant) => ({ grant, ...within(grant.statement.ranges) }));
  }
  throw new KeylineError('not-found', {
    message: `this station has no grant ${JSON.stringify(named)} of lot ${lot.code} that holds`,
    hint: `\`keyline lot show ${lot.code}\` lists them.`,
    facts: { granted: grants.map(({ statement }) => statement.grantId) },
  });
}

/** A named range or grant leaves other units out; without one, a unit beyond every grant is an error. */
function isWanted(index: number, choices: BuiltChoices, bases: readonly Basis[]): boolean {
  const unit = { from: index, count: 1 };
  if (choices.range && !contains(choices.range, unit)) return false;
  if (choices.grant === undefined) return true;
  return bases.some(({ ranges }) => ranges.some((range) => contains(range, unit)));
}

function columnsOf(open: OpenLot, choices: BuiltChoices, captures: ReadonlySet<string>): BuiltPlan {
  const { lot } = open;
  const { columns, format } = choices;
  const plan = columns
    ? parseBuiltPlan(columns, format, lot.scheme)
    : usualBuiltPlan(lot, format, captureColumns(captures));
  compileRow(lot, { format, columns: plan.derived });
  const secret = plan.derived.filter(isSecret).map(({ name }) => name);
  if (secret.length === 0) return plan;
  throw new KeylineError('secret-columns', {
    message: `an as-built manifest is public, and ${secret.join(', ')} is secret`,
    hint: 'Leave it out; `keyline manifest write LOT --with-secrets --range A-B` writes secrets.',
    facts: { columns: secret },
  });
}

function noOneGrant({ lot }: OpenLot, bases: readonly Basis[], wanted: number): KeylineError {
  const parts = bases.map(({ grant, runs }) => {
    const ranges = grant?.statement.ranges.map(formatRange).join(', ') ?? '';
    return `${grant?.statement.grantId ?? ''} has ${runs.count} of them (units ${ranges})`;
  });
  return new KeylineError('outside-grant', {
    message: `no one grant of this station has all ${wanted} verified units of lot ${lot.code}: ${parts.join('; ')}`,
    hint: 'A seal rests on one grant: write a manifest for each with --grant ID. Units of other stations are sealed there, or by the owner of the lot.',
    facts: { verified: wanted, grants: parts },
  });
}
