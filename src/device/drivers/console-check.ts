import type { ReportMistake } from '../driver.ts';
import { compilePattern, groupsOf } from '../pattern.ts';
import type { DeviceProfile, ValueSource } from '../profile-model.ts';
import type { ConsoleCheck, ConsoleSection, ConsoleStep } from '../schema/console-schema.ts';
import type { BlockName } from './console-steps.ts';
import { BLOCKS, stepsOf } from './console-steps.ts';
import { quoteBytes } from './console-quote.ts';
import { placeholdersOf } from './console-template.ts';
import { subjectOf } from './console-verify.ts';
import { utf8 } from '../../kernel/bytes.ts';

type Path = (string | number)[];

/** What a block's captures must have, and how that is said. */
const WANTED: Partial<Record<BlockName, readonly string[]>> = {
  identify: ['id'],
  model: ['model'],
  inspect: ['endpoint_key', 'digest', 'held'],
};

/** Mistakes of a console section that its schema cannot see. Paths begin inside the section. */
export function checkConsole(
  profile: DeviceProfile,
  section: ConsoleSection,
  report: ReportMistake,
): void {
  checkPattern(section.prompt, ['prompt'], report);
  if (section.banner !== undefined) checkPattern(section.banner, ['banner'], report);
  if (section.login) checkPattern(section.login.prompt, ['login', 'prompt'], report);
  (section.errors ?? []).forEach((source, at) => {
    checkPattern(source, ['errors', at], report);
  });
  const { status = section.quote } = section;
  if (typeof status === 'object') checkPattern(status.pattern, ['status', 'pattern'], report);
  if (section.echo === 'skip' && (status === 'none' || typeof status === 'object')) {
    report(
      ['echo'],
      'skip needs a status of posix, u-boot or python, whose marks tell output and echo apart',
    );
  }
  for (const block of BLOCKS) checkBlock(block, { profile, section, report });
  checkNeeds(profile, section, report);
  checkChecks({ profile, section, report });
}

interface Checking {
  readonly profile: DeviceProfile;
  readonly section: ConsoleSection;
  readonly report: ReportMistake;
}

function checkNeeds(profile: DeviceProfile, section: ConsoleSection, report: ReportMistake): void {
  if (profile.identity.from === 'device' && !section.identify) {
    report([], 'identify is missing: the identity comes from the device');
  }
  if (profile.identity.from === 'programmer') {
    report([], 'this driver has no programmer: identity must come from device or scan');
  }
  if (profile.expect && !section.model) {
    report([], 'model is missing: expect compares what its steps capture');
  }
}

function checkBlock(block: BlockName, checking: Checking): void {
  const { section, report } = checking;
  const steps = stepsOf(section, block);
  const captured = new Set<string>();
  steps.forEach((step, at) => {
    const path = [...pathOf(block), at];
    checkStepPatterns(step, path, report);
    checkPlaceholders(block, step, { ...checking, captured, path });
    for (const name of Object.keys(step.capture ?? {})) {
      if (captured.has(name)) report([...path, 'capture', name], `${name} is captured twice`);
      if (checking.profile.values.has(name) || RESERVED.includes(name)) {
        report([...path, 'capture', name], `${name} is a value's name already`);
      }
      captured.add(name);
    }
  });
  const wanted = WANTED[block];
  if (wanted && steps.length > 0 && !wanted.some((name) => captured.has(name))) {
    report(pathOf(block), `no step captures ${wanted.join(' or ')}`);
  }
}

const RESERVED = ['challenge', 'part', 'offset'];

function checkStepPatterns(step: ConsoleStep, path: Path, report: ReportMistake): void {
  for (const member of ['until', 'expect', 'refuse', 'none'] as const) {
    const source = step[member];
    if (source === undefined || (member === 'none' && source === '')) continue;
    checkPattern(source, [...path, member], report);
  }
  for (const [name, source] of Object.entries(step.capture ?? {})) {
    const pattern = checkPattern(source, [...path, 'capture', name], report, 'may be empty');
    if (pattern && groupsOf(pattern) > 1) {
      report([...path, 'capture', name], 'has more than one group; write (?:…) for the others');
    }
  }
  const isTalking = step.send !== undefined || step.keys !== undefined || step.until !== undefined;
  const isActing = isTalking || step.lines !== undefined || step.pauseMs !== undefined;
  if (!isActing) report(path, 'does nothing: give it send, keys, until, lines or pauseMs');
  if (step.send !== undefined && step.keys !== undefined) {
    report([...path, 'keys'], 'send and keys do not go together in one step');
  }
  if (step.everyMs !== undefined && step.keys === undefined) {
    report([...path, 'everyMs'], 'there are no keys to repeat');
  }
  for (const member of ['expect', 'refuse', 'none', 'capture'] as const) {
    if (step[member] !== undefined && !isTalking) {
      report([...path, member], 'this step gets no output');
    }
  }
  if (/[\r\n]/.test(step.send ?? '')) {
    report([...path, 'send'], 'is more than one line; write one step for each');
  }
}

interface CheckingStep extends Checking {
  readonly captured: ReadonlySet<string>;
  readonly path: Path;
}

function checkPlaceholders(block: BlockName, step: ConsoleStep, checking: CheckingStep): void {
  const { profile, section, path, captured, report } = checking;
  const { each } = step;
  if (each && !mayUse(block, profile.values.get(each.value))) {
    report([...path, 'each', 'value'], unknown(each.value, profile));
  }
  for (const name of placeholdersOf(step.send ?? '')) {
    const at = [...path, 'send'];
    if (captured.has(name)) continue;
    if (name === 'challenge' && block === 'verify') continue;
    if (each && (name === 'part' || name === 'offset')) continue;
    const source = profile.values.get(name);
    if (!source) report(at, unknown(name, profile));
    else if (!mayUse(block, source)) {
      report(at, `{${name}} is the unit's, and ${block} comes before there is a unit`);
    } else if ('format' in source && source.format === 'raw') {
      report(at, `{${name}} is raw bytes; a line takes text, such as hex`);
    } else if ('format' in source && source.format === 'pem' && name !== each?.value) {
      report(at, `{${name}} has several lines; a line takes der or hex`);
    } else if (source.kind === 'constant' && !quoteBytes(utf8(source.text), section.quote)) {
      report(at, `{${name}} has characters that quote: ${section.quote} cannot write`);
    }
  }
}

/** Before a unit is reserved there are only constants. */
function mayUse(block: BlockName, source: ValueSource | undefined): boolean {
  if (!source) return false;
  return block === 'write' || block === 'verify' || source.kind === 'constant';
}

function unknown(name: string, profile: DeviceProfile): string {
  return `nothing defines {${name}}; values: ${[...profile.values.keys()].join(', ')}`;
}

function checkChecks({ profile, section, report }: Checking): void {
  const captured = new Set(section.verify.steps.flatMap((step) => Object.keys(step.capture ?? {})));
  section.verify.checks.forEach((check, at) => {
    const path: Path = ['verify', 'checks', at];
    if (!captured.has(check.captured)) {
      report([...path, 'captured'], `no step of verify captures ${check.captured}`);
    }
    checkSubject(check, path, { profile, section, report });
  });
  const shown = new Set(
    section.verify.checks.map((check) => subjectKey(profile, subjectOf(check) ?? '')),
  );
  const inVerify = new Set(section.verify.steps.flatMap((step) => placeholdersOf(step.send ?? '')));
  for (const { name, path } of written(section)) {
    const source = profile.values.get(name);
    if (!source || shown.has(subjectKey(profile, name))) continue;
    // A path or a name, which reading back by it shows.
    if (source.kind === 'constant' && inVerify.has(name)) continue;
    report(path, `${name} is written, and no check of verify is about it`);
  }
}

function checkSubject(
  check: ConsoleCheck,
  path: Path,
  { profile, section, report }: Checking,
): void {
  const kinds = [check.equals, check.digest, check.proof].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    report(path, 'must have exactly one of equals, digest, proof');
    return;
  }
  const member =
    check.equals !== undefined ? 'equals' : check.digest !== undefined ? 'digest' : 'key';
  const name = subjectOf(check);
  const source = name === undefined ? undefined : profile.values.get(name);
  if (name === undefined || !source) {
    report([...path, member], name === undefined ? 'key is missing' : unknown(name, profile));
    return;
  }
  if (check.equals !== undefined && source.kind !== 'constant') {
    const asking = section.verify.steps.flatMap((step) => placeholdersOf(step.send ?? ''));
    if (asking.some((sent) => subjectKey(profile, sent) === subjectKey(profile, name))) {
      report(
        [...path, member],
        `verify sends ${name} itself, and its echo could pass for the answer`,
      );
    }
  }
  if (check.proof === undefined) return;
  const asked = section.verify.steps.some((step) =>
    placeholdersOf(step.send ?? '').includes('challenge'),
  );
  if (!asked) report([...path, 'proof'], 'no step of verify gives the device {challenge}');
  const form = source.kind === 'column' ? `${source.column}:${source.format}` : source.kind;
  if (check.proof !== 'hmac-sha256' && form !== 'public_key:der') {
    report([...path, 'key'], 'a signature is checked with a value of column public_key:der');
  }
}

/** Secret and public half stand for each other, and so do two formats of one column. */
function subjectKey(profile: DeviceProfile, name: string): string {
  const source = profile.values.get(name);
  if (source?.kind !== 'column') return `value ${name}`;
  return source.column === 'private_key' || source.column === 'public_key'
    ? 'key pair'
    : source.column;
}

function written(section: ConsoleSection): { name: string; path: Path }[] {
  return section.write.flatMap((step, at) => [
    ...placeholdersOf(step.send ?? '').map((name) => ({ name, path: ['write', at, 'send'] })),
    ...(step.each ? [{ name: step.each.value, path: ['write', at, 'each', 'value'] }] : []),
  ]);
}

function pathOf(block: BlockName): Path {
  return block === 'login' || block === 'verify' ? [block, 'steps'] : [block];
}

function checkPattern(
  source: string,
  path: Path,
  report: ReportMistake,
  option?: 'may be empty',
): RegExp | undefined {
  const pattern = compilePattern(source, option);
  if (typeof pattern !== 'string') return pattern;
  report(path, pattern);
  return undefined;
}
