import { KeylineError } from '../kernel/errors.ts';
import { utf8 } from '../kernel/bytes.ts';
import type { UnitReport } from '../job/show-unit.ts';
import { facts } from './table.ts';

/** Where one unit goes. */
export interface UnitOutput extends AsyncDisposable {
  /** Writes the unit and returns what `--json` may print of it. */
  write(unit: UnitReport): Promise<UnitReport>;
}

interface UnitCommand {
  readonly signal: AbortSignal;
  jsonEnabled(): boolean;
  print(text: string): void;
}

/**
 * Opens the place for a unit before anything is derived. Secrets never reach a terminal without
 * `-o -`, nor `--json`; a file with them is 0600. Throws `secret-to-terminal`, `output-exists`, `usage`.
 */
export async function openUnitOutput(
  command: UnitCommand,
  choice: {
    readonly reveal: boolean;
    readonly path: string | undefined;
    readonly force: boolean;
    /** What the file may not replace. */
    readonly inputs: readonly string[];
  },
): Promise<UnitOutput> {
  const { reveal, path, force, inputs } = choice;
  if (reveal && path === undefined && process.stdout.isTTY) {
    throw new KeylineError('secret-to-terminal', { message: 'the unit’s secrets would be shown' });
  }
  if (reveal && command.jsonEnabled() && (path === undefined || path === '-')) {
    throw new KeylineError('secret-to-terminal', {
      message: 'what --json prints is kept in logs, and holds no secret',
      hint: 'Name a file with -o FILE; it gets the unit as JSON.',
    });
  }
  if (path === undefined || path === '-') {
    return {
      write(unit) {
        command.print(describeUnit(unit));
        return Promise.resolve(unit);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const { openWhole, writeWhole } = await import('../job/write-whole.ts');
  const file = await openWhole({ path, force }, { secret: reveal, inputs, signal: command.signal });
  return {
    async write(unit) {
      const text = command.jsonEnabled() ? JSON.stringify(unit, null, 2) : describeUnit(unit);
      await writeWhole(file, utf8(`${text}\n`));
      command.print(`Unit ${String(unit['index'])} is in ${path}.`);
      return { index: unit['index'] ?? '', output: path };
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

function describeUnit(unit: UnitReport): string {
  const label = (name: string): string =>
    name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return facts(Object.entries(unit).map(([name, value]) => [label(name), value]));
}
