import type { SeenEvent } from './history.ts';
import { pause } from './market.ts';
import type { Floor } from './market.ts';
import type { Member } from './world.ts';
import type { Random } from '../random.ts';

/** Follows an account's feed from where it was left, and writes down what came. */
export class Follower {
  readonly seen: SeenEvent[] = [];
  #after = '0';

  /** Reads until there is nothing more. */
  async read({ client }: Floor, member: Member, random: Random): Promise<void> {
    for (;;) {
      const path = `/v1/events?after=${this.#after}&limit=200`;
      const { status, body } = await client.call(member, { path }, random);
      if (status !== 200) throw new Error(`the feed answered ${status}`);
      const { items, next } = body as {
        items: readonly (SeenEvent & { id: string })[];
        next: string;
      };
      for (const { id, type, subject, at } of items) {
        this.seen.push({ seq: Number(id.split('-').at(-1)), type, subject, at });
      }
      this.#after = next;
      if (items.length === 0) return;
    }
  }

  async follow(floor: Floor, member: Member, random: Random): Promise<void> {
    for (let turn = 0; !floor.isOver(); turn++) {
      const chance = random.fork(turn);
      await this.read(floor, member, chance);
      await pause(chance.between(50, 300));
    }
  }
}
