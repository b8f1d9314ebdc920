import type { FailedUnit, PassedUnit, UnitStep } from '../job/provision-run.ts';
import type { StationEvent } from '../job/station-event.ts';
import { FAILURES } from '../model/failure.ts';

/** What a run's view stands on. */
export interface ViewOptions {
  /** Slot numbers in the order of the jig. */
  readonly slots: readonly number[];
  /** Such as `lot A1 · line-1`. */
  readonly title: string;
  /** Units that are still to pass, if that is known. */
  readonly planned?: number | undefined;
  readonly nowMs: () => number;
  readonly colour: boolean;
}

interface Block {
  readonly word: 'WAIT' | 'BUSY' | 'PASS' | 'FAIL' | 'PORT';
  readonly subject: string;
  readonly next: string;
}

const COLOURS = { WAIT: 2, BUSY: 36, PASS: 32, FAIL: 31, PORT: 33 } as const;
const COLUMNS = 80;
const STEPS: Readonly<Record<UnitStep, string>> = {
  identify: 'who is it?',
  inspect: 'what does it hold?',
  reserve: 'taking a unit',
  write: 'writing, do not touch',
  verify: 'verifying, do not touch',
  record: 'recording',
  hook: 'running the after-pass program',
};

/**
 * What an operator sees: two lines for each slot (number, word, whose unit; next action) and the
 * totals. A result stays until the next device appears. Pure: lines of at most 80 columns from events.
 */
export class StationView {
  readonly #options: ViewOptions;
  readonly #blocks = new Map<number, Block>();
  readonly #startedMs: number;
  #passed = 0;
  #checked = 0;
  #failed = 0;
  #firstPass = 0;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
    for (const slot of options.slots) this.#blocks.set(slot, EMPTY);
  }

  /** Takes an event in; true where the bell is to ring. */
  take(event: StationEvent): boolean {
    const { slot } = event;
    switch (event.type) {
      case 'waiting':
        if (!this.#hasResult(slot)) this.#blocks.set(slot, EMPTY);
        return false;
      case 'step':
        this.#blocks.set(slot, { word: 'BUSY', subject: '', next: STEPS[event.step] });
        return false;
      case 'passed':
        this.#countPass(event.unit);
        this.#blocks.set(slot, passedBlock(event.unit));
        return false;
      case 'failed':
        if (event.again) return false;
        if (event.undoesPass) this.#passed -= 1;
        if (event.unit.code !== 'interrupted') this.#failed += 1;
        this.#blocks.set(slot, failedBlock(event.unit));
        return true;
      case 'removed': {
        const block = this.#blocks.get(slot) ?? EMPTY;
        this.#blocks.set(slot, { ...block, next: 'insert the next board' });
        return false;
      }
      case 'port':
        this.#blocks.set(slot, { word: 'PORT', subject: '', next: event.message });
        return true;
    }
  }

  /** The whole picture as lines without line feeds. */
  lines(): string[] {
    const blocks = [...this.#blocks].flatMap(([slot, block]) => this.#draw(slot, block));
    return [cut(this.#options.title), '', ...blocks, '', cut(this.totals())];
  }

  /** Passed, failed, units per hour, first-pass yield, time left. */
  totals(): string {
    const hours = (this.#options.nowMs() - this.#startedMs) / 3_600_000;
    const rate = hours > 0 ? this.#passed / hours : 0;
    const { planned } = this.#options;
    const left = planned === undefined ? undefined : Math.max(0, planned - this.#passed);
    const all = this.#passed + this.#failed;
    return [
      `${this.#passed} passed`,
      `${this.#failed} failed`,
      ...(this.#checked > 0 ? [`${this.#checked} checked again`] : []),
      `${Math.round(rate)}/h`,
      ...(all > 0 ? [`first-pass ${((100 * this.#firstPass) / all).toFixed(1)} %`] : []),
      ...(left === undefined ? [] : [`${left} left`]),
      ...(left !== undefined && rate > 0 ? [`${duration(left / rate)} to go`] : []),
    ].join(' · ');
  }

  #countPass(unit: PassedUnit): void {
    if (unit.kind === 'checked') this.#checked += 1;
    else {
      this.#passed += 1;
      if (unit.attempt === 1) this.#firstPass += 1;
    }
  }

  #hasResult(slot: number): boolean {
    return ['PASS', 'FAIL'].includes(this.#blocks.get(slot)?.word ?? '');
  }

  #draw(slot: number, { word, subject, next }: Block): string[] {
    const head = `${String(slot).padStart(3)}  `;
    const shown = this.#options.colour ? `\x1b[1;${COLOURS[word]}m${word}\x1b[0m` : word;
    const rest = cut(`  ${subject}`, COLUMNS - head.length - word.length).trimEnd();
    return [`${head}${shown}${rest}`, cut(`${' '.repeat(head.length)}→ ${next}`)];
  }
}

const EMPTY: Block = { word: 'WAIT', subject: '', next: 'insert a board' };

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
    case 'port':
      return `slot ${event.slot} PORT ${event.message}`;
    default:
      return undefined;
  }
}

function passedBlock({ serial, kind, evidence }: PassedUnit): Block {
  const how = kind === 'checked' ? 'had passed before, checked again' : evidence.kind;
  return { word: 'PASS', subject: `${serial}  ${how}`, next: 'remove board' };
}

function failedBlock({ serial, hardwareId, code, reason }: FailedUnit): Block {
  const whose = serial ?? hardwareId ?? '';
  return {
    word: 'FAIL',
    subject: `${whose}  ${code}: ${reason}`.trim(),
    next: FAILURES[code].hint,
  };
}

function cut(text: string, width = COLUMNS): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function duration(hours: number): string {
  const minutes = Math.ceil(hours * 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
