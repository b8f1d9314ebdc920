import { availableParallelism } from 'node:os';
import type { Scheme } from '../model/lot.ts';
import type { Range } from '../model/range.ts';
import type { DeriveSource } from './derive-source.ts';
import { createLocalRows } from './local-rows.ts';
import { createPooledRows } from './pooled-rows.ts';
import { chooseEngine } from './row-engine.ts';
import type { Engine } from './row-engine.ts';
import type { RowSource } from './row-source.ts';

export type { WrittenChunk } from './chunk-writer.ts';
export type { RowChunk, RowSource } from './row-source.ts';

/** How rows are to be made. */
export interface RowSourceOptions {
  /** Worker threads; 0 is this thread. Left out: one for each core where that is worth starting them. */
  readonly workers?: number | undefined;
  readonly engine?: Engine | 'auto' | undefined;
  /** How many rows are coming, in all; left out, each call's own count is what it goes by. */
  readonly rows?: number | undefined;
}

/**
 * Opens a source of rows. Its workers end with its disposal. Throws `usage` where the engine that is
 * asked for cannot run.
 */
export function openRowSource(options: RowSourceOptions = {}): Promise<RowSource> {
  return Promise.resolve(options).then(chooseSource);
}

function chooseSource(options: RowSourceOptions): RowSource {
  const engine = chooseEngine(options.engine ?? 'auto');
  const workers = options.workers ?? availableParallelism();
  if (workers === 0) return createLocalRows(engine);
  if (options.workers !== undefined) return createPooledRows(engine, workers);
  return new AdaptiveRows(engine, workers, options.rows);
}

/** Rows from which workers pay for their start of 40 to 100 ms: what one thread does in about 0.3 s. */
const WORTH_WORKERS: Record<Engine, Record<Scheme, number>> = {
  fast: { psk: 1_000_000, 'azure-dps': 75_000, ed25519: 7_000, p256: 16_000, 'x509-p256': 5_000 },
  portable: { psk: 60_000, 'azure-dps': 40_000, ed25519: 1_000, p256: 2_500, 'x509-p256': 2_000 },
};

/** This thread for few rows, workers for many; they are started when first needed. */
class AdaptiveRows implements RowSource {
  readonly #engine: Engine;
  readonly #workers: number;
  readonly #rows: number | undefined;
  readonly #local: RowSource;
  #pooled: RowSource | undefined;
  #used: RowSource;

  constructor(engine: Engine, workers: number, rows: number | undefined) {
    this.#engine = engine;
    this.#workers = workers;
    this.#rows = rows;
    this.#local = createLocalRows(engine);
    this.#used = this.#local;
  }

  /** Of the last call; before any, this thread's. */
  get engine(): string {
    return this.#used.engine;
  }

  canWriteAt(...order: Parameters<RowSource['canWriteAt']>): boolean {
    return this.#local.canWriteAt(...order);
  }

  stream(...call: Parameters<RowSource['stream']>): ReturnType<RowSource['stream']> {
    return this.#choose(call[0], call[1]).stream(...call);
  }

  writeAt(...call: Parameters<RowSource['writeAt']>): ReturnType<RowSource['writeAt']> {
    return this.#choose(call[0], call[1]).writeAt(...call);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pooled?.[Symbol.asyncDispose]();
  }

  #choose({ lot }: DeriveSource, range: Range): RowSource {
    const isWorth = (this.#rows ?? range.count) >= WORTH_WORKERS[this.#engine][lot.scheme];
    if (isWorth && this.#workers > 1) {
      this.#pooled ??= createPooledRows(this.#engine, this.#workers);
      this.#used = this.#pooled;
    } else {
      this.#used = this.#local;
    }
    return this.#used;
  }
}
