import { lines, sum } from '../counts.ts';
import type { CuttingProxy } from './cutting-proxy.ts';
import { answersOf } from './history.ts';
import type { Call, History } from './history.ts';
import type { FinalState } from './final-state.ts';
import type { ServerLine } from './server-line.ts';

/** What was done and what came of it, to be written down. */
export class Tally {
  /** Servers killed by SIGKILL, by where. */
  readonly kills = new Map<string, number>();
  readonly cuts = new Map<string, number>();
  /** Requests by what they were for. */
  readonly calls = new Map<string, number>();
  /** Attempts without an answer. */
  lost = 0;
  /** Answers that were given again. */
  replays = 0;
  devices = 0;
  transfers = 0;
  accepted = 0;
  events = 0;
  shifts = 0;

  get killed(): number {
    return sum(this.kills);
  }

  servers(lines: readonly ServerLine[]): void {
    for (const { kills } of lines) addAll(this.kills, kills);
  }

  end(history: History, state: FinalState, proxy: CuttingProxy): void {
    addAll(this.cuts, proxy.cuts);
    for (const call of history.calls) this.#call(call);
    this.devices += state.devices.length;
    this.transfers += state.transfers.length;
    this.accepted += state.custody.length;
    this.events += state.events.length;
    this.shifts += 1;
  }

  /** Lines for people. */
  text(): string[] {
    return [
      `killed          ${this.killed} servers (kill -9)`,
      ...lines(this.kills),
      `cut             ${sum(this.cuts)} connections`,
      ...lines(this.cuts),
      `requests        ${sum(this.calls)}, ${this.lost} times without an answer, ${this.replays} answers given again`,
      ...lines(this.calls),
      `registered      ${this.devices} devices, ${this.transfers} transfers, ${this.accepted} devices handed over`,
      `events          ${this.events}`,
      `shifts          ${this.shifts}`,
    ];
  }

  #call(call: Call): void {
    this.calls.set(call.asked.kind, (this.calls.get(call.asked.kind) ?? 0) + 1);
    const answers = answersOf(call);
    this.lost += call.attempts.length - answers.length;
    this.replays += answers.filter(({ isReplay }) => isReplay).length;
  }
}

function addAll(to: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [name, count] of from) to.set(name, (to.get(name) ?? 0) + count);
}
