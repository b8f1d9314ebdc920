import type { Random } from '../random.ts';
import type { Client } from './client.ts';
import type { World } from './world.ts';

/** An offer that somebody may decide on. */
export interface Offer {
  readonly id: string;
  /** Handles. */
  readonly source: string;
  readonly destination: string;
}

/** Units that were registered together. */
export interface Batch {
  readonly first: number;
  readonly count: number;
}

/** What clients believe; the registry has the last word. */
export class Market {
  readonly offers: Offer[] = [];
  readonly batches: Batch[] = [];
  /** Those of which an upload was begun, whatever came of it. */
  readonly begun: Batch[] = [];
  /** Handle of the account that has the device, by its id. */
  readonly owners = new Map<string, string>();
  /** Index in the lot, by the device's id. */
  readonly units = new Map<string, number>();
  /** The last counter of a device's check-ins. */
  readonly counters = new Map<string, number>();
  /** Devices that somebody plays just now. */
  readonly busy = new Set<string>();
  #next = 0;
  #notes = 0;

  /** Units that nobody has registered yet. */
  take(count: number): Batch {
    const first = this.#next;
    this.#next += count;
    return { first, count };
  }

  /** How many units were given out. */
  get taken(): number {
    return this.#next;
  }

  /** A note that no other request has. */
  note(): string {
    return `request ${this.#notes++}`;
  }

  /** Some of the devices that the account is believed to have, at most `most`. */
  some(handle: string, most: number, random: Random): string[] {
    const all = [...this.owners].filter(([, owner]) => owner === handle).map(([id]) => id);
    return random.shuffled(all.slice(-100)).slice(0, most);
  }
}

/** Where actors act. */
export interface Floor {
  readonly world: World;
  readonly client: Client;
  readonly market: Market;
  /** Nothing new is begun. */
  readonly isOver: () => boolean;
}

/** One thing that somebody does. */
export type Turn = (floor: Floor, random: Random) => Promise<void>;

/** A pause, which no law depends on. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
