import { randomBytes } from 'node:crypto';

/** Options that both tortures take. */
export const commonOptions = (minutes: string) =>
  ({
    kills: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: minutes },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    shift: { type: 'string' },
    bug: { type: 'string' },
    help: { type: 'boolean', default: false },
  }) as const;

/** What options may be: whole numbers from 1, or one of some names; one that was not given may be left out. */
export interface OptionRules {
  readonly numbers: readonly string[];
  readonly names: Readonly<Record<string, readonly string[]>>;
}

/** The options that `read` gives, or undefined for what cannot be understood. */
export function understood<Values extends object>(
  read: () => Values,
  { numbers, names }: OptionRules,
): Values | undefined {
  let values: Values;
  try {
    values = read();
  } catch {
    return undefined;
  }
  const given = new Map(Object.entries(values) as [string, unknown][]);
  const fits = (name: string, isSo: (text: string) => boolean): boolean => {
    const value = given.get(name);
    return value === undefined || (typeof value === 'string' && isSo(value));
  };
  const areNumbers = numbers.every((name) => fits(name, (text) => /^[1-9]\d{0,8}$/.test(text)));
  const areNames = Object.entries(names).every(([name, known]) =>
    fits(name, (text) => known.includes(text)),
  );
  return areNumbers && areNames ? values : undefined;
}

/** A line of the result. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Says what was broken, by which laws, and the command that shows it again; the exit code is 1 then. */
export function printBroken(
  broken: { readonly violations: readonly { readonly law: string; readonly what: string }[] },
  { where, again }: { readonly where: string; readonly again: string },
): void {
  print(`broken          ${where}`);
  for (const { law, what } of broken.violations.slice(0, 20)) print(`  ${law}: ${what}`);
  print(`again           ${again}`);
  process.exitCode = 1;
}
