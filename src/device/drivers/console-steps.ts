import { utf8 } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import type { FailureCode } from '../../model/failure.ts';
import type { DriverContext } from '../driver.ts';
import { knownPattern } from '../pattern.ts';
import type { ConsoleSection, ConsoleStep } from '../schema/console-schema.ts';
import type { QuoteStyle } from './console-quote.ts';
import type { Answer } from './console-answer.ts';
import type { ConsoleSession } from './console-session.ts';
import type { ConsoleSettings } from './console-settings.ts';
import type { Lookup } from './console-template.ts';
import { renderTemplate } from './console-template.ts';

/** Parts of a section that hold steps. */
export const BLOCKS = [
  'login',
  'start',
  'identify',
  'model',
  'facts',
  'inspect',
  'write',
  'restart',
  'verify',
] as const;
export type BlockName = (typeof BLOCKS)[number];

/** What steps work with during one visit. */
export interface StepTools {
  readonly context: DriverContext;
  readonly session: ConsoleSession;
  readonly settings: ConsoleSettings;
  readonly quote: QuoteStyle;
  /** Values, constants and the challenge; captures are looked up first. */
  readonly lookup: Lookup;
}

/** The steps of a block; none where the section has none. */
export function stepsOf(section: ConsoleSection, block: BlockName): readonly ConsoleStep[] {
  if (block === 'verify') return section.verify.steps;
  if (block === 'login') return section.login?.steps ?? [];
  return section[block] ?? [];
}

/**
 * Runs the steps of a block. Returns what they captured; a step whose `none` matched captures nothing.
 * Throws DeviceFailure with the step's name.
 */
export async function runSteps(
  block: BlockName,
  steps: readonly ConsoleStep[],
  tools: StepTools,
): Promise<ReadonlyMap<string, string>> {
  const captured = new Map<string, string>();
  for (const [at, step] of steps.entries()) {
    const name = step.name ?? `${block} ${at + 1}`;
    tools.context.log.note(name);
    try {
      for (const piece of piecesOf(step, tools))
        await runStep(block, step, { tools, captured, piece });
    } catch (error) {
      if (!(error instanceof DeviceFailure) || error.step !== undefined) throw error;
      throw new DeviceFailure(error.code, `${name}: ${error.reason}`, { step: name });
    }
  }
  return captured;
}

type Piece = ReadonlyMap<string, Uint8Array>;

interface StepRun {
  readonly tools: StepTools;
  readonly captured: Map<string, string>;
  readonly piece: Piece;
}

/** One round without names of its own, or one for each piece of the value. */
function* piecesOf({ each }: ConsoleStep, { lookup }: StepTools): Generator<Piece> {
  if (!each) {
    yield new Map();
    return;
  }
  const bytes = lookup(each.value).use((lent) => Uint8Array.from(lent));
  try {
    for (let offset = 0; offset < bytes.length;) {
      let end = Math.min(bytes.length, offset + each.size);
      while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end += 1;
      yield new Map([
        ['part', bytes.subarray(offset, end)],
        ['offset', utf8(String(offset))],
      ]);
      offset = end;
    }
  } finally {
    bytes.fill(0);
  }
}

async function runStep(block: BlockName, step: ConsoleStep, run: StepRun): Promise<void> {
  const { tools, captured } = run;
  if (step.lines) await tools.context.port.setLines(step.lines);
  if (step.pauseMs !== undefined) await tools.session.pause(step.pauseMs);
  if (step.send === undefined && step.keys === undefined && step.until === undefined) return;
  const answer = await answerTo(step, run);
  for (const [name, text] of evaluate(block, step, answer, tools.settings))
    captured.set(name, text);
}

async function answerTo(step: ConsoleStep, { tools, captured, piece }: StepRun): Promise<Answer> {
  const { session, settings } = tools;
  const timeoutMs = step.timeoutMs ?? settings.timeoutMs;
  const until = step.until === undefined ? undefined : knownPattern(step.until);
  if (step.send !== undefined) {
    const line = renderTemplate(step.send, tools.quote, (name) => {
      const text = captured.get(name);
      const bytes = piece.get(name) ?? (text === undefined ? undefined : utf8(text));
      return bytes ? { use: (borrow) => borrow(bytes) } : tools.lookup(name);
    });
    try {
      const options = { timeoutMs, echo: step.echo ?? settings.echo };
      if (!until) return await session.command(line, options);
      await session.lineOnly(line, options);
    } finally {
      line.fill(0);
    }
  }
  const { keys, everyMs } = step;
  if (keys !== undefined) await session.keys(keys);
  const output = await session.await(until, {
    timeoutMs,
    ...(keys !== undefined &&
      everyMs !== undefined && { everyMs, again: () => session.keys(keys, { keepsText: true }) }),
  });
  return { output, status: undefined };
}

/** Failures of blocks that only ask are the line's; those of the others are the device's. */
const FAILURE_OF: Record<BlockName, FailureCode> = {
  login: 'garbage',
  start: 'garbage',
  identify: 'garbage',
  model: 'garbage',
  facts: 'garbage',
  inspect: 'garbage',
  write: 'write-refused',
  restart: 'garbage',
  verify: 'not-stored',
};

/** What the answer holds. No output goes into a reason: it may hold a secret, an earlier one too. */
function evaluate(
  block: BlockName,
  step: ConsoleStep,
  { output, status }: Answer,
  settings: ConsoleSettings,
): [string, string][] {
  const code = step.fail ?? FAILURE_OF[block];
  if (step.none !== undefined && saysNothing(step.none, output)) {
    const patterns = Object.values(step.capture ?? {}).map((source) => knownPattern(source));
    if (!patterns.some((pattern) => pattern.test(output))) return [];
    throw new DeviceFailure('garbage', 'the device told that there is nothing, and something');
  }
  const failed = settings.errors.find((pattern) => pattern.test(output));
  if (failed) throw new DeviceFailure(code, `the device answered with ${failed.source}`);
  const hasStatus = settings.status !== undefined && step.send !== undefined;
  if (hasStatus && step.until === undefined && step.status !== 'any') {
    if (status === undefined) throw new DeviceFailure(code, 'the command broke off');
    if (status !== (step.status ?? 0)) throw new DeviceFailure(code, `exit status ${status}`);
  }
  if (step.refuse !== undefined && knownPattern(step.refuse).test(output)) {
    throw new DeviceFailure(code, `the device answered with ${step.refuse}`);
  }
  if (step.expect !== undefined && !knownPattern(step.expect).test(output)) {
    throw new DeviceFailure(code, `the device did not answer with ${step.expect}`);
  }
  return Object.entries(step.capture ?? {}).map(([name, source]) => [
    name,
    captureOne(name, knownPattern(source, 'gm'), output),
  ]);
}

function saysNothing(none: string, output: string): boolean {
  return none === '' ? output.trim() === '' : knownPattern(none).test(output);
}

/** Two different texts for one name: a log line looks like the answer, and no one can say which is which. */
function captureOne(name: string, pattern: RegExp, output: string): string {
  const texts = new Set([...output.matchAll(pattern)].map((match) => match[1] ?? match[0]));
  const [text] = texts;
  if (text === undefined) throw new DeviceFailure('garbage', `the device told no ${name}`);
  if (texts.size > 1) throw new DeviceFailure('garbage', `the device told ${name} in two ways`);
  return text;
}
