import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isErrno, KeylineError } from '../../kernel/errors.ts';
import { outputError } from '../../kernel/atomic-file.ts';
import { parseFaultsFile } from './simulated-fault.ts';
import type { SimulatedFaults } from './simulated-fault.ts';

/** Which device a slot has. */
export interface SlotState {
  readonly device: number;
  /** Where the host finds the slot now. */
  readonly address?: string;
  /** The TCP port that the slot keeps over restarts. */
  readonly tcpPort?: number;
}

/** What a simulator keeps beside the memories of its devices. */
export interface SimulatorState {
  /** Of all hardware ids, so that those of two simulators differ. */
  readonly seed: string;
  readonly profile: string;
  /** Number of the next fresh device. */
  readonly next: number;
  readonly slots: Readonly<Record<string, SlotState>>;
}

/** The files of one simulator, all in its folder. */
export class SimulatorFiles {
  readonly dir: string;

  /** Makes the folder, for this user alone. Throws `output-unwritable`. */
  constructor(dir: string) {
    this.dir = resolve(dir);
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw outputError(this.dir, error);
    }
  }

  get lockPath(): string {
    return join(this.dir, 'simulator.lock');
  }

  get jigPath(): string {
    return join(this.dir, 'jig.yaml');
  }

  get faultsPath(): string {
    return join(this.dir, 'faults.json');
  }

  get programsPath(): string {
    return join(this.dir, 'bin');
  }

  memoryPath(device: number): string {
    return join(this.dir, `device-${device}.json`);
  }

  slotPath(slot: number): string {
    return join(this.dir, `slot-${slot}`);
  }

  /** The state of before, or a fresh one. Throws `usage` for a folder of another profile. */
  loadState(profile: string): SimulatorState {
    const text = readText(this.#statePath);
    if (text === undefined) {
      return { seed: randomBytes(8).toString('hex'), profile, next: 1, slots: {} };
    }
    const state = readState(text);
    if (state?.profile === profile) return state;
    throw new KeylineError('usage', {
      message: `${this.dir} has devices of ${state ? `profile ${state.profile}` : 'another kind'}`,
      hint: 'Choose another folder, or remove this one.',
      facts: { path: this.dir },
    });
  }

  saveState(state: SimulatorState): void {
    this.write(this.#statePath, `${JSON.stringify(state, null, 2)}\n`);
  }

  /** Undefined where there is no file. Throws `usage`. */
  loadFaults(): ReadonlyMap<number, SimulatedFaults> | undefined {
    const text = readText(this.faultsPath);
    return text === undefined ? undefined : parseFaultsFile(text);
  }

  /** The file appears whole. */
  write(path: string, text: string, mode = 0o600): void {
    try {
      writeFileSync(`${path}.partial`, text, { mode });
      renameSync(`${path}.partial`, path);
    } catch (error) {
      throw outputError(path, error);
    }
  }

  /** The slot's link leads there from now on. */
  link(slot: number, target: string): void {
    const path = this.slotPath(slot);
    rmSync(`${path}.partial`, { force: true });
    symlinkSync(target, `${path}.partial`);
    renameSync(`${path}.partial`, path);
  }

  unlink(slot: number): void {
    rmSync(this.slotPath(slot), { force: true });
  }

  get #statePath(): string {
    return join(this.dir, 'simulator.json');
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw outputError(path, error);
  }
}

function readState(text: string): SimulatorState | undefined {
  try {
    const state = JSON.parse(text) as SimulatorState;
    return typeof state.seed === 'string' ? state : undefined;
  } catch {
    return undefined; // cut short or written by something else
  }
}
