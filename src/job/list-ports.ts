import { isPortOf } from '../device/jig.ts';
import type { Jig } from '../device/jig.ts';
import { listPorts } from '../device/ports/list-ports.ts';
import { isOnBoard, portMatches } from '../device/ports/port-info.ts';
import type { PortFilter, PortInfo } from '../device/ports/port-info.ts';
import { watchPorts } from '../device/ports/watch-ports.ts';
import type { WatchOptions } from '../device/ports/watch-ports.ts';

/** A port and the jig slot that it would be. */
export interface PortReport extends PortInfo {
  readonly slot: string | undefined;
}

/** A port that came or went, and its slot. */
export interface PortChange {
  readonly type: 'appeared' | 'gone';
  readonly port: PortReport;
}

/** Which ports are reported, and how. */
export interface PortListOptions extends WatchOptions {
  readonly filter?: PortFilter;
  /** Ports of the machine itself as well, such as /dev/ttyS0. */
  readonly withOnBoard?: boolean;
  /** The slot of the jig that a port matches, if any. */
  readonly slotOf?: (port: PortInfo) => string | undefined;
}

/** The serial ports of this machine that fit, by path. */
export async function reportPorts(options: PortListOptions = {}): Promise<readonly PortReport[]> {
  const { list = listPorts } = options;
  return (await list())
    .filter((port) => isWanted(port, options))
    .map((port) => report(port, options));
}

/** The ports that fit as they come and go, those that are there first; ends when the signal fires. */
export async function* followPorts(
  signal: AbortSignal,
  options: PortListOptions = {},
): AsyncGenerator<PortChange, void, undefined> {
  for await (const { type, port } of watchPorts(signal, options)) {
    if (isWanted(port, options)) yield { type, port: report(port, options) };
  }
}

/** The slot of a jig that a port fits, by number; several where it fits more than one. */
export function slotFinder(jig: Jig): (port: PortInfo) => string | undefined {
  return (port) => {
    const slots = jig.slots.filter((slot) => isPortOf(slot, port));
    return slots.length === 0 ? undefined : slots.map(({ slot }) => slot).join(', ');
  };
}

function isWanted(port: PortInfo, { filter = {}, withOnBoard = false }: PortListOptions): boolean {
  const path = filter.path ?? (withOnBoard && isOnBoard(port) ? port.path : undefined);
  return portMatches(port, { ...filter, path });
}

function report(port: PortInfo, { slotOf }: PortListOptions): PortReport {
  return { ...port, slot: slotOf?.(port) };
}
