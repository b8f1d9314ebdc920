import type { FailedUnit, PassedUnit, UnitStep } from '../job/provision-run.ts';
import type { StationEvent } from '../job/station-event.ts';
import { countEvent, noCounts } from '../job/station-tally.ts';
import { FAILURES } from '../model/failure.ts';
import { layOut } from './station-picture.ts';
import type { ScreenSize, SlotBlock } from './station-picture.ts';

/** What a run's view stands on. */
export interface ViewOptions {
  /** Slot numbers in the order of the jig. */
  readonly slots: readonly number[];
  /** Those whose number a person types when a board is in. */
  readonly byHand?: readonly number[];
  /** Such as `lot A1 · line-1`. */
  readonly title: string;
  /** Units that are still to pass, if that is known. */
  readonly planned?: number | undefined;
  readonly nowMs: () => number;
  readonly colour: boolean;
}

const STEPS: Readonly<Record<UnitStep, string>> = {
  identify: 'who is it?',
  inspect: 'what does it hold?',
  reserve: 'taking a unit',
  write: 'writing, do not touch',
  verify: 'verifying, do not touch',
  record: 'recording',
  label: 'printing the label',
  scan: 'scan label',
  hook: 'running the after-pass program',
};

/**
 * What an operator sees: each slot's number, word, unit and next action, and the totals. A result
 * stays until the next device appears. Pure: lines that fit a terminal from events.
 */
export class StationView {
  readonly #options: ViewOptions;
  readonly #blocks = new Map<number, SlotBlock>();
  readonly #startedMs: number;
  readonly #counts = noCounts();
  #isEnding = false;
  #note: string | undefined;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
    for (const slot of options.slots) this.#blocks.set(slot, this.#empty(slot));
  }

  /** Takes an event in; true where the bell is to ring. */
  take(event: StationEvent): boolean {
    if (event.type === 'scan-ignored') {
      this.#note = `scan ignored: ${event.reason}`;
      return true;
    }
    const { slot } = event;
    countEvent(this.#counts, event);
    if (event.type !== 'waiting') this.#note = undefined;
    switch (event.type) {
      case 'waiting':
        if (!this.#hasResult(slot)) this.#blocks.set(slot, this.#empty(slot));
        return false;
      case 'step':
        this.#blocks.set(slot, { word: 'BUSY', who: '', detail: '', next: STEPS[event.step] });
        return false;
      case 'scan': {
        const who = event.serial ?? '';
        this.#blocks.set(slot, { word: 'SCAN', who, detail: '', next: `scan ${event.wants}` });
        return false;
      }
      case 'passed':
        this.#blocks.set(slot, passedBlock(event.unit));
        return false;
      case 'failed':
        if (event.again) return false;
        this.#blocks.set(slot, failedBlock(event.unit));
        return true;
      case 'removed': {
        const empty = this.#empty(slot);
        const next = empty.next.replace('a board', 'the next board');
        this.#blocks.set(slot, { ...(this.#blocks.get(slot) ?? empty), next });
        return false;
      }
      case 'port':
        this.#blocks.set(slot, { word: 'PORT', who: '', detail: '', next: event.message });
        return true;
    }
  }

  /** The run was asked to end. */
  ending(): void {
    this.#isEnding = true;
  }

  /** The whole picture as lines without line feeds. */
  lines(size: ScreenSize): string[] {
    const { title, colour } = this.#options;
    return layOut(
      {
        title: `${title} · ${this.#isEnding ? ENDING : (this.#note ?? 'Ctrl-C ends')}`,
        blocks: [...this.#blocks],
        totals: this.totals(),
        colour,
      },
      size,
    );
  }

  /** Passed, failed, units per hour, first-pass yield, time left. */
  totals(): string {
    const hours = (this.#options.nowMs() - this.#startedMs) / 3_600_000;
    const { passed, failed, checked, firstPass } = this.#counts;
    const rate = hours > 0 ? passed / hours : 0;
    const { planned } = this.#options;
    const left = planned === undefined ? undefined : Math.max(0, planned - passed);
    const all = passed + failed;
    return [
      `${passed} passed`,
      `${failed} failed`,
      ...(checked > 0 ? [`${checked} checked again`] : []),
      `${Math.round(rate)}/h`,
      ...(all > 0 ? [`first-pass ${((100 * firstPass) / all).toFixed(1)} %`] : []),
      ...(left === undefined ? [] : [`${left} left`]),
      ...(left !== undefined && rate > 0 ? [`${duration(left / rate)} to go`] : []),
    ].join(' · ');
  }

  #empty(slot: number): SlotBlock {
    const isByHand = this.#options.byHand?.includes(slot);
    const next = isByHand ? `insert a board, then type ${slot} and Enter` : 'insert a board';
    return { word: 'WAIT', who: '', detail: '', next };
  }

  #hasResult(slot: number): boolean {
    return ['PASS', 'FAIL'].includes(this.#blocks.get(slot)?.word ?? '');
  }
}

/** What a run says of itself after the first Ctrl-C. */
export const ENDING = 'ending: boards in hand are finished; Ctrl-C again ends at once';

/** One line for a result, for terminals that cannot be drawn on and for logs; undefined for the rest. */
export function resultLine(event: StationEvent): string | undefined {
  switch (event.type) {
    case 'passed': {
      const { serial, hardwareId, evidence, kind } = event.unit;
      const how = kind === 'checked' ? 'checked again' : evidence.kind;
      return `slot ${event.slot} PASS ${serial} ${hardwareId} ${how}`;
    }
    case 'failed': {
      const { serial, hardwareId = '-', code, reason } = event.unit;
      const whose = [serial, hardwareId].filter(Boolean).join(' ');
      return `slot ${event.slot} ${event.again ? 'RETRY' : 'FAIL'} ${whose} ${code}: ${reason}`;
    }
    case 'scan':
      return `slot ${event.slot} SCAN ${[event.wants, event.serial].filter(Boolean).join(' ')}`;
    case 'scan-ignored':
      return `scan ignored: ${event.reason}`;
    case 'port':
      return `slot ${event.slot} PORT ${event.message}`;
    default:
      return undefined;
  }
}

function passedBlock({ serial, kind, evidence }: PassedUnit): SlotBlock {
  const detail = kind === 'checked' ? 'had passed before, checked again' : evidence.kind;
  return { word: 'PASS', who: serial, detail, next: 'remove board' };
}

function failedBlock({ serial, hardwareId, code, reason }: FailedUnit): SlotBlock {
  const who = serial ?? hardwareId ?? '';
  return { word: 'FAIL', who, code, detail: reason, next: FAILURES[code].hint };
}

function duration(hours: number): string {
  const minutes = Math.ceil(hours * 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
