import { toHex } from '../../kernel/bytes.ts';
import { DeviceFailure } from '../../model/failure.ts';
import { knownPattern } from '../pattern.ts';
import type { SmpClient } from './smp-client.ts';
import { smpDownload, smpGet, smpInfo, smpShell } from './smp-commands.ts';
import type { SmpQuestion } from './smp-section.ts';

/** What a question's answer may have at most; servers cut longer settings short themselves. */
const LONGEST_ANSWER_BYTES = 256;

/**
 * The answer as text without space at its ends, through the question's pattern; undefined where the
 * device has no such setting or file, or an empty one. Throws DeviceFailure `garbage` when the pattern
 * does not match or bytes are no UTF-8.
 */
export async function askQuestion(
  client: SmpClient,
  question: SmpQuestion,
): Promise<string | undefined> {
  const answer = await answerOf(client, question);
  if (answer === undefined) return undefined;
  const text = typeof answer === 'string' ? answer : textOf(answer, question);
  if (question.pattern === undefined) return text.trim() || undefined;
  const match = knownPattern(question.pattern).exec(text);
  if (!match) {
    throw new DeviceFailure(
      'garbage',
      `the answer to ${nameOf(question)} does not match its pattern`,
    );
  }
  return (match[1] ?? match[0]).trim() || undefined;
}

/** The same, where the device must have an answer. Throws DeviceFailure `garbage`. */
export async function askForText(client: SmpClient, question: SmpQuestion): Promise<string> {
  const text = await askQuestion(client, question);
  if (text !== undefined) return text;
  throw new DeviceFailure('garbage', `the device has nothing under ${nameOf(question)}`);
}

async function answerOf(
  client: SmpClient,
  { setting, file, info, shell }: SmpQuestion,
): Promise<Uint8Array | string | undefined> {
  if (setting !== undefined) return smpGet(client, setting, LONGEST_ANSWER_BYTES);
  if (file !== undefined) return smpDownload(client, file);
  if (info !== undefined) return smpInfo(client, info);
  return smpShell(client, shell ?? []);
}

function textOf(bytes: Uint8Array, question: SmpQuestion): string {
  if (question.as === 'hex') return toHex(bytes);
  try {
    // Firmware often stores the NUL of its strings too.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\0+$/, '');
  } catch {
    throw new DeviceFailure('garbage', `${nameOf(question)} is no text`);
  }
}

function nameOf({ setting, file, info, shell }: SmpQuestion): string {
  return setting ?? file ?? (info === undefined ? `shell ${shell?.[0] ?? ''}` : `info ${info}`);
}
