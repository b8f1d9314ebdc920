import { setTimeout as delay } from 'node:timers/promises';
import { listPorts } from './list-ports.ts';
import { isSamePort } from './port-info.ts';
import type { PortInfo } from './port-info.ts';

/** A port came or went. */
export interface PortEvent {
  readonly type: 'appeared' | 'gone';
  readonly port: PortInfo;
}

/** What a watch stands on. */
export interface WatchOptions {
  readonly list?: () => Promise<readonly PortInfo[]>;
  /** Resolves when it is time to look again. */
  readonly pause?: (signal: AbortSignal) => Promise<unknown>;
}

const EVERY_MS = 500;

/**
 * Every port that is there, as `appeared`, then each that comes or goes; ends when the signal fires.
 * It looks twice a second: a port that was replugged between two looks shows only by its own `closed`,
 * and another device under the same path shows as `gone` and `appeared`.
 */
export async function* watchPorts(
  signal: AbortSignal,
  options: WatchOptions = {},
): AsyncGenerator<PortEvent, void, undefined> {
  const { list = listPorts, pause = untilNextLook } = options;
  let known: readonly PortInfo[] = [];
  while (!signal.aborted) {
    const found = await list();
    const gone = known.filter((port) => !found.some((other) => isSamePort(port, other)));
    const appeared = found.filter((port) => !known.some((other) => isSamePort(port, other)));
    known = found;
    for (const port of gone) yield { type: 'gone', port };
    for (const port of appeared) yield { type: 'appeared', port };
    await pause(signal);
  }
}

async function untilNextLook(signal: AbortSignal): Promise<void> {
  // An abort only ends the pause; the loop sees it.
  await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
}
