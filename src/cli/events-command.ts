import type { Output } from '../manifest/output.ts';
import { openWhole } from '../job/write-whole.ts';
import { utf8 } from '../kernel/bytes.ts';
import { KeylineError } from '../kernel/errors.ts';
import type { RegistryEvent, RegistryFleet } from '../registry/fleet.ts';
import type { BaseCommand } from './base-command.ts';
import { describeEvent } from './describe-fleet.ts';

/** What `--json` ends with: where the next reading begins. */
export interface ReadEvents {
  readonly events: number;
  /** Of the last event; what was given where there was none. */
  readonly next: string;
}

/** What is read. */
export interface EventChoices {
  readonly device?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  /** Undefined where it was not given. */
  readonly follow?: boolean | undefined;
}

/**
 * Prints events as they are read, each a line, no faster than they are taken: for people, or as
 * `{"event": …}` under `--json`. Followed ones go on until Ctrl-C, whose exit code is 130. Throws `usage`
 * for what is no id, what the registry answers.
 */
export async function printEvents(
  command: Pick<BaseCommand, 'signal' | 'jsonEnabled'>,
  fleet: RegistryFleet,
  choices: EventChoices,
): Promise<ReadEvents> {
  const { signal } = command;
  requireEventId(choices.after);
  await using output = await openWhole({ path: '-', force: false }, { secret: false, signal });
  const read = { events: 0, next: choices.after ?? '0' };
  const asJson = command.jsonEnabled();
  try {
    for await (const page of chosen(fleet, choices)) {
      await write(output, page, asJson);
      read.events += page.length;
      read.next = page.at(-1)?.id ?? read.next;
    }
  } catch (error) {
    const isEnd = error instanceof KeylineError && error.code === 'interrupted';
    if (!isEnd || !choices.follow) throw error;
    process.exitCode = 130;
  }
  return read;
}

function requireEventId(after: string | undefined): void {
  if (after === undefined || /^(?:0|[0-9a-z]{16}-\d{1,15})$/.test(after)) return;
  throw new KeylineError('usage', {
    message: `${JSON.stringify(after)} is no id of an event`,
    hint: 'The id is what a line of `keyline fleet events` begins with.',
  });
}

async function* chosen(
  fleet: RegistryFleet,
  { device, after, limit = Number.POSITIVE_INFINITY, follow }: EventChoices,
): AsyncIterable<readonly RegistryEvent[]> {
  let left = limit;
  let last = after ?? '0';
  for await (const page of fleet.events({ after, device })) {
    const taken = page.slice(0, left);
    yield taken;
    left -= taken.length;
    last = taken.at(-1)?.id ?? last;
    if (left <= 0) return;
  }
  if (!follow) return;
  const subject = device === undefined ? undefined : (await fleet.show(device)).id;
  for await (const event of fleet.followEvents(last)) {
    if (subject !== undefined && event.subject !== subject) continue;
    yield [event];
    left -= 1;
    if (left <= 0) return;
  }
}

async function write(output: Output, events: readonly RegistryEvent[], asJson: boolean) {
  if (events.length === 0) return;
  const lines = events.map((event) => (asJson ? JSON.stringify({ event }) : describeEvent(event)));
  await output.write(utf8(`${lines.join('\n')}\n`));
}
