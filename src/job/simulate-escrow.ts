import { DeviceMemory } from '../device/simulator/device-memory.ts';
import { readDeviceMemory } from '../device/simulator/device-memory.ts';
import { EscrowDevice } from '../device/simulator/escrow/escrow-device.ts';
import type { EscrowEvent } from '../device/simulator/escrow/escrow-device.ts';
import { EscrowMemory } from '../device/simulator/escrow/escrow-memory.ts';
import { HttpWire } from '../device/simulator/escrow/http-wire.ts';
import { ownCredential } from '../device/simulator/escrow/own-credential.ts';
import type { OwnCredential } from '../device/simulator/escrow/own-credential.ts';
import { ownValues } from '../device/simulator/escrow/own-values.ts';
import { lockDevices } from '../device/simulator/simulator.ts';
import { SimulatorFiles } from '../device/simulator/simulator-files.ts';
import { KeylineError } from '../kernel/errors.ts';
import { toPem } from '../kernel/pem.ts';
import { pause } from '../registry/http-client.ts';
import { parseRegistryUrl } from '../registry/registry-url.ts';
import { loadProfile } from './check-device-file.ts';
import { readTrustAnchor } from './trust-anchor.ts';

/** Which devices go to which registry, and for how long. */
export interface EscrowOptions {
  /** The profile that a station wrote them by: a file, or the name of a shipped one. */
  readonly profile: string;
  /** The folder of their memories. */
  readonly dir: string;
  readonly url: string;
  /** A PEM file of the certificates that the registry's is to rest on. */
  readonly caFile?: string | undefined;
  /** Ends after so many seconds. */
  readonly seconds?: number | undefined;
  /** Ends when every device is in normal mode, has refused something or is not known. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  readonly onReady?: (devices: EscrowStart) => void;
  readonly onEvent?: (event: EscrowDeviceEvent) => void;
}

/** How many devices of the folder take part. */
export interface EscrowStart {
  readonly registry: string;
  readonly devices: number;
  /** Those that no station has written yet. */
  readonly blank: number;
}

/** What happened to one device. */
export type EscrowDeviceEvent = {
  readonly device: number;
  readonly endpointKey: string;
} & EscrowEvent;

/** How the devices stood at the end. */
export interface EscrowResult extends EscrowStart {
  readonly dir: string;
  /** In normal mode, with a configuration that they verified. */
  readonly active: number;
  readonly waiting: number;
  /** What came last does not verify. */
  readonly refused: number;
  readonly unauthenticated: number;
}

interface Player {
  readonly number: number;
  readonly own: OwnCredential;
  readonly memory: DeviceMemory;
}

const SETTLED: readonly EscrowEvent['type'][] = ['active', 'refused', 'unauthenticated'];

/**
 * Plays the folder's devices at a registry, from what a station wrote into their memories, until the signal
 * fires, or `once` or `seconds` is reached. Throws `usage`, `plain-http`, `not-found`, `certificate-invalid`,
 * `profile-invalid`, `output-busy`, `device-unprepared`.
 */
export async function simulateEscrow(options: EscrowOptions): Promise<EscrowResult> {
  const { dir, onReady, onEvent, once, seconds } = options;
  const registry = parseRegistryUrl(options.url);
  const anchors = options.caFile === undefined ? undefined : await readTrustAnchor(options.caFile);
  const ca = anchors?.map((der) => toPem('CERTIFICATE', der));
  const profile = await loadProfile(options.profile);
  const files = new SimulatorFiles(dir);
  await using _lock = await lockDevices(files);
  const { players, blank } = readPlayers(files, profile);
  const start = { registry, devices: players.length, blank };
  onReady?.(start);

  const ended = new AbortController();
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1_000);
  function end(): void {
    ended.abort();
  }
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const last = new Map<number, EscrowEvent['type']>();
  const lives = players.map(async ({ number: device, own, memory }) => {
    using wire = new HttpWire({ url: registry, ca, signal });
    await new EscrowDevice({
      ...{ own, wire, memory: new EscrowMemory(memory) },
      ...{ now: () => performance.now(), random: Math.random },
      pause: (ms) => pause(ms, signal),
      onEvent: (event) => {
        onEvent?.({ device, endpointKey: own.endpointKey, ...event });
        if (event.type === 'unreachable' || event.type === 'accepted') return;
        last.set(device, event.type);
        const isOver = players.every(({ number }) => SETTLED.some((t) => t === last.get(number)));
        if (once && isOver) end();
      },
    }).live();
  });
  try {
    await endOf(lives, end);
  } finally {
    clearTimeout(timer);
  }
  const count = (type: EscrowEvent['type']): number =>
    [...last.values()].filter((one) => one === type).length;
  const active = count('active') + count('kept');
  const settled = { active, refused: count('refused') };
  const unauthenticated = count('unauthenticated');
  const waiting = players.length - settled.active - settled.refused - unauthenticated;
  return { dir: files.dir, ...start, ...settled, waiting, unauthenticated };
}

function readPlayers(
  files: SimulatorFiles,
  profile: Awaited<ReturnType<typeof loadProfile>>,
): { readonly players: readonly Player[]; readonly blank: number } {
  const { next } = files.loadState(profile.name);
  const players: Player[] = [];
  let blank = 0;
  for (let number = 1; number < next; number++) {
    const path = files.memoryPath(number);
    const content = readDeviceMemory(path);
    if (!content) continue;
    const own = ownCredential(profile, ownValues(profile, content));
    if (own) players.push({ number, own, memory: DeviceMemory.open(path, content) });
    else blank += 1;
  }
  if (players.length > 0) return { players, blank };
  throw new KeylineError('usage', {
    message: `${files.dir} has no device that a station has written`,
    hint: 'Simulate devices there without --escrow, and let a station write them first.',
    facts: { path: files.dir, blank },
  });
}

/** Resolves when all have been interrupted; whatever else ends one ends all, and is thrown. */
async function endOf(lives: readonly Promise<unknown>[], end: () => void): Promise<void> {
  const ends = await Promise.allSettled(
    lives.map((life) =>
      life.catch((error: unknown) => {
        end();
        throw error;
      }),
    ),
  );
  for (const one of ends) {
    if (one.status === 'fulfilled') continue;
    const reason: unknown = one.reason;
    if (!(reason instanceof KeylineError) || reason.code !== 'interrupted') throw reason;
  }
}
