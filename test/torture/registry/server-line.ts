import type { Random } from '../random.ts';
import type { Place } from './mortal-change.ts';
import type { ServerOrder } from './server-order.ts';
import { startServer } from './server-process.ts';
import type { RunningServer, ServerEnd } from './server-process.ts';

/** How long a server lives before it is killed, from the moment in which it answers. */
const LIFE_MS = [200, 3_000] as const;
const PLACES: readonly (readonly [number, Place | 'moment'])[] = [
  [50, 'moment'],
  [25, 'before-commit'],
  [25, 'committed'],
];

/** What servers are started with. */
export interface LineOptions {
  readonly program: string;
  readonly order: ServerOrder;
  readonly logPath: string;
  readonly random: Random;
}

/** One place for a server, where one is started after the other, each killed, until told to stop. */
export class ServerLine {
  /** Where the present one listens, or undefined while none does. */
  port: number | undefined;
  /** By where they were. */
  readonly kills = new Map<string, number>();
  /** What ended by itself, or did not come up. */
  readonly falls: string[] = [];
  #server: RunningServer | undefined;
  #isOver = false;
  readonly #work: Promise<void>;
  readonly #options: LineOptions;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#work = this.#run();
  }

  /** The server that is up stays up, and one is started where none is; resolves when it answers. */
  async calm(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }

  /** Ends the server in order: what it leaves is all that there is. */
  async stop(): Promise<void> {
    await this.calm();
    this.#server?.send('SIGTERM');
    const end = await this.#server?.ended;
    if (end && end.signal !== null) this.#fell('when told to stop', end);
    this.port = undefined;
  }

  /** Kills it, whatever it is at. */
  async kill(): Promise<void> {
    this.#isOver = true;
    this.#server?.send('SIGKILL');
    await this.#work;
    this.#server?.send('SIGKILL');
    await this.#server?.ended;
  }

  async #run(): Promise<void> {
    const { program, order, logPath, random } = this.#options;
    for (let life = 0; ; life++) {
      const chance = random.fork(life);
      const place = this.#isOver ? 'moment' : chance.weighted(PLACES);
      const death = place === 'moment' ? undefined : { place, nth: chance.between(1, 40) };
      const server = startServer(program, { ...order, death }, logPath);
      this.#server = server;
      this.port = await server.port;
      if (this.port === undefined) {
        const end = await server.ended;
        if (end.signal !== 'SIGKILL') {
          this.#fell('before it came up', end);
          return;
        }
        this.#count('coming up');
      } else if (await this.#live(server, { place, mostMs: chance.between(...LIFE_MS) })) return;
    }
  }

  /** Whether it outlived its time, as the last one does; the others are killed, by themselves or from outside. */
  async #live(
    server: RunningServer,
    { place, mostMs }: { readonly place: Place | 'moment'; readonly mostMs: number },
  ): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const time = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        resolve(undefined);
      }, mostMs);
    });
    const dead = server.ended.then((end) => {
      this.port = undefined;
      return end;
    });
    const early = await Promise.race([time, dead]);
    clearTimeout(timer);
    if (!early && this.#isOver && place === 'moment') return true;
    server.send('SIGKILL');
    const end = await dead;
    if (end.signal !== 'SIGKILL') this.#fell('by itself', end);
    else this.#count(early ? place : 'moment');
    return false;
  }

  #fell(when: string, { signal, complaint }: ServerEnd): void {
    this.falls.push(`a server ended ${when} (${signal ?? 'no signal'}): ${complaint}`);
  }

  #count(by: string): void {
    this.kills.set(by, (this.kills.get(by) ?? 0) + 1);
  }
}
