import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Said, StationOrder } from './station-order.ts';

/** How a station came to its end. */
export interface StationEnd {
  /** `broken`: it failed by itself, which no round allows. `hung`: it had to be killed. */
  readonly how: 'killed' | 'ended' | 'refused' | 'broken' | 'hung';
  /** Where it killed itself, or the code of its refusal, or what it complained of. */
  readonly detail: string | undefined;
  readonly said: readonly Said[];
}

/** A station at work. */
export interface RunningStation {
  /** Resolves once it is dead, whatever killed it. */
  readonly ended: Promise<StationEnd>;
  /** `SIGKILL` at once; `SIGINT` as Ctrl-C does. */
  send(signal: 'SIGKILL' | 'SIGINT'): void;
}

/** What a station is started with. */
export interface StationStart {
  readonly program: string;
  readonly order: StationOrder;
  readonly orderPath: string;
  /** Goes before the path, for programmers. */
  readonly programsPath: string | undefined;
  /** After which it counts as hung. */
  readonly mostMs: number;
  readonly onSaid?: (said: Said) => void;
}

/** Starts a station in a process of its own. */
export function startStation(start: StationStart): RunningStation {
  const { program, order, orderPath, programsPath, mostMs } = start;
  writeFileSync(orderPath, JSON.stringify(order));
  const { PATH = '', HOME = '' } = process.env;
  const path = programsPath === undefined ? PATH : `${programsPath}:${PATH}`;
  const child = spawn(process.execPath, [program, orderPath], {
    env: { PATH: path, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Said[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const one = JSON.parse(line) as Said;
    said.push(one);
    start.onSaid?.(one);
  });
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => (complaint += bytes.toString()));
  let isHung = false;
  const hanging = setTimeout(() => {
    isHung = true;
    child.kill('SIGKILL');
  }, mostMs);
  const ended = new Promise<StationEnd>((resolve) => {
    child.on('close', (_code, signal) => {
      clearTimeout(hanging);
      resolve(endOf(said, { signal, complaint, isHung }));
    });
  });
  return {
    ended,
    send: (signal) => {
      child.kill(signal);
    },
  };
}

function endOf(
  said: readonly Said[],
  by: { readonly signal: string | null; readonly complaint: string; readonly isHung: boolean },
): StationEnd {
  const { signal, complaint, isHung } = by;
  const last = said.at(-1);
  if (isHung) return { how: 'hung', detail: last?.said, said };
  if (complaint !== '') return { how: 'broken', detail: complaint, said };
  if (signal === 'SIGKILL') {
    return { how: 'killed', detail: last?.said === 'killed' ? last.place : 'moment', said };
  }
  // Ctrl-C before there was anything that could be told of it.
  if (signal === 'SIGINT' && !last) return { how: 'killed', detail: 'interrupt', said };
  if (last?.said === 'refused') return { how: 'refused', detail: last.code, said };
  if (last?.said === 'ended') return { how: 'ended', detail: undefined, said };
  return { how: 'broken', detail: `it ended by ${String(signal)}`, said };
}
