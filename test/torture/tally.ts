import { lines, sum } from './counts.ts';
import type { StationEnd } from './station-process.ts';

/** What was done to how many stations and devices, to be written down. */
export class Tally {
  /** Stations killed by SIGKILL, by where. */
  readonly kills = new Map<string, number>();
  /** Stations that ended by themselves, or by Ctrl-C. */
  cleanEnds = 0;
  /** By kind: ledgers that were copied, restored or lost. */
  readonly copies = new Map<string, number>();
  readonly faults = new Map<string, number>();
  readonly profiles = new Map<string, number>();
  unplugs = 0;
  devices = 0;
  passes = 0;
  events = 0;
  shifts = 0;

  get killed(): number {
    return sum(this.kills);
  }

  round(end: StationEnd): void {
    this.passes += end.said.filter(({ said }) => said === 'passed').length;
    if (end.how === 'killed') this.count('kills', end.detail ?? 'moment');
    else this.cleanEnds += 1;
  }

  count(what: 'kills' | 'copies' | 'faults' | 'profiles', name: string, times = 1): void {
    this[what].set(name, (this[what].get(name) ?? 0) + times);
  }

  /** Lines for people. */
  text(): string[] {
    return [
      `killed          ${this.killed} stations (kill -9)`,
      ...lines(this.kills),
      `ended           ${this.cleanEnds} stations by themselves or by Ctrl-C`,
      `ledgers         ${sum(this.copies)} copied, restored or lost`,
      ...lines(this.copies),
      `faults          ${sum(this.faults)}`,
      ...lines(this.faults),
      `cables pulled   ${this.unplugs}`,
      `devices         ${this.devices}, ${this.passes} passes told, ${this.events} ledger events`,
      `shifts          ${this.shifts}`,
      ...lines(this.profiles),
    ];
  }
}
