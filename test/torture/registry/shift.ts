import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../random.ts';
import { check } from './checker.ts';
import { Client } from './client.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { live } from './devices.ts';
import { readFinalState } from './final-state.ts';
import { Follower } from './followers.ts';
import type { History } from './history.ts';
import { register, upload } from './makers.ts';
import { Market, pause } from './market.ts';
import type { Floor, Turn } from './market.ts';
import type { Violation } from './scene.ts';
import { ServerLine } from './server-line.ts';
import type { Tally } from './tally.ts';
import { trade } from './traders.ts';
import { PUBLIC_URL, World } from './world.ts';

/** What a shift is: one registry, its clients, and servers that are killed again and again. */
export interface ShiftOptions {
  /** Made by the shift. */
  readonly dir: string;
  /** An empty one of PostgreSQL’s; a file in the folder unless given. */
  readonly database?: string | undefined;
  /** Servers at once. */
  readonly servers: number;
  readonly program: string;
  readonly random: Random;
  readonly tally: Tally;
  /** Rounds: after each the registry is stopped and everything is checked. */
  readonly rounds: number;
  readonly roundSeconds: number;
  /** No further round is begun. */
  readonly isOver: () => boolean;
}

/** How long whatever is under way may take to come to its end; a lease of a dead process is 30 s. */
const REST_MS = 240_000;

/** Runs a shift to its end, or to the first broken promise. */
export async function runShift(options: ShiftOptions): Promise<readonly Violation[]> {
  const { dir, database, random, tally } = options;
  const world = await World.make(dir, database);
  let lines: readonly ServerLine[] = [];
  const upstream = (): number | undefined => {
    const up = lines.flatMap(({ port }) => port ?? []);
    return up[turns++ % Math.max(1, up.length)];
  };
  let turns = 0;
  await using proxy = await CuttingProxy.start(upstream, random.fork('proxy'));
  const client = new Client(() => proxy.port);
  const market = new Market();
  const followers = world.members.map(() => new Follower());
  const falls: string[] = [];
  for (let round = 1; ; round++) {
    const chance = random.fork(round);
    const end = performance.now() + options.roundSeconds * 1_000;
    const floor: Floor = { world, client, market, isOver: () => performance.now() > end };
    const isLast = (): boolean => round >= options.rounds || options.isOver();
    proxy.isCalm = false;
    lines = Array.from({ length: options.servers }, (_, at) => {
      const { masterKeyFile } = world;
      const order = { database: world.database, masterKeyFile, publicUrl: PUBLIC_URL };
      const { program } = options;
      const logPath = join(dir, `server-${at}.log`);
      return new ServerLine({ program, order, logPath, random: chance.fork(`server ${at}`) });
    });
    await using _dead = {
      [Symbol.asyncDispose]: async () => {
        await Promise.all(lines.map((line) => line.kill()));
      },
    };
    let isAtRest = false;
    try {
      await actAll(floor, followers, { chance, lines });
      proxy.isCalm = true;
      await Promise.all(lines.map((line) => line.calm()));
      isAtRest = isLast();
      if (isAtRest) await rest(floor, chance.fork('rest'));
      for (const [at, follower] of followers.entries()) {
        await follower.read(floor, world.members[at] ?? world.maker, chance.fork(`end ${at}`));
      }
    } catch (error) {
      falls.push(`a client could not go on: ${describe(error)}`);
    }
    await Promise.all(lines.map((line) => line.stop()));
    tally.servers(lines);
    falls.push(...lines.flatMap((line) => line.falls));
    const history = historyOf(floor, followers, falls);
    const state = await readFinalState(world.database, isAtRest);
    const violations = check({ history, state });
    if (violations.length === 0 && !isAtRest && falls.length === 0) continue;
    tally.end(history, state, proxy);
    if (violations.length > 0) keep(dir, { history, state, violations });
    return violations;
  }
}

/** Everybody acts until the round is over, and until what was begun is answered. */
async function actAll(
  floor: Floor,
  followers: readonly Follower[],
  { chance, lines }: { readonly chance: Random; readonly lines: readonly ServerLine[] },
): Promise<void> {
  const { world, client, isOver } = floor;
  const repeat: Turn = async (_floor, random) => {
    await client.repeat(random);
    await pause(random.between(20, 200));
  };
  const idly =
    (turn: Turn): Turn =>
    async (one, random) => {
      await turn(one, random);
      await pause(random.below(30));
    };
  const turns: readonly Turn[] = [
    ...[upload, upload, idly(register), repeat, idly(live), idly(live), idly(live)],
    ...world.members.flatMap(({ by }) => [idly(trade(by)), idly(trade(by))]),
  ];
  const isDown = (): boolean => lines.some(({ falls }) => falls.length > 0);
  const acting = turns.map(async (turn, at) => {
    for (let n = 0; !isOver() && !isDown(); n++) await turn(floor, chance.fork(`${at}/${n}`));
  });
  const following = world.members.map((member, at) =>
    followers[at]?.follow(floor, member, chance.fork(`feed ${at}`)),
  );
  // All of them come to their end, before anyone says what went wrong.
  const ended = await Promise.allSettled([...acting, ...following]);
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Resolves once nothing is under way any more, or it takes too long, which a law tells. */
async function rest({ world, client }: Floor, random: Random): Promise<void> {
  const until = performance.now() + REST_MS;
  const isBusy = async (): Promise<boolean> => {
    for (const member of world.members) {
      const { body } = await client.call(member, { path: '/v1/operations?limit=1000' }, random);
      const { items } = body as { items: { state: string }[] };
      if (items.some(({ state }) => state === 'waiting' || state === 'running')) return true;
    }
    return false;
  };
  while (performance.now() < until && (await isBusy())) await pause(200);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function historyOf(
  { world, client, market }: Floor,
  followers: readonly Follower[],
  falls: readonly string[],
): History {
  const credentials: Record<number, string> = {};
  for (let index = 0; index < market.taken; index++) credentials[index] = world.endpointKey(index);
  const feeds = Object.fromEntries(
    world.members.map(({ by }, at) => [by, followers[at]?.seen ?? []]),
  );
  return { calls: client.calls, feeds, credentials, falls };
}

/** What is needed to look at it again stays in the folder. */
function keep(dir: string, found: object): void {
  const bytes = (_key: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
  writeFileSync(join(dir, 'found.json'), JSON.stringify(found, bytes, 1));
}
