import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { crockfordFromPerson } from '../kernel/bytes.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { isId } from '../model/ids.ts';
import type { LotId } from '../model/ids.ts';
import type { Lot } from '../model/lot.ts';
import { openLotDescriptor } from '../seals/lot-descriptor.ts';
import type { Home } from './home.ts';

/** What a machine notes of a lot beside its descriptor. */
const LotState = Type.Object(
  { closedAt: Type.Optional(Type.String({ maxLength: 32 })) },
  { additionalProperties: false },
);

/** A lot of this home, its descriptor verified. */
export interface StoredLot {
  readonly lot: Lot;
  /** The JWS exactly as it was sealed. */
  readonly descriptor: string;
  readonly closedAt?: string;
}

/** A lot folder that cannot be read: its id and what is wrong. */
export interface DamagedLot {
  readonly lotId: string;
  readonly problem: string;
}

/** The lots of one home: `lots/<kl>/`, as docs/shapes.md lays it out. */
export class LotStore {
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
  }

  /** The lot's folder. */
  directory(lotId: LotId): string {
    return this.#home.lotDir(lotId);
  }

  /** The imported enrollment group key, an age file. */
  azureGroupFile(lotId: LotId): string {
    return join(this.directory(lotId), 'azure-group.age');
  }

  /** What was said when the lot was closed, JWS; there where its owner closed it here. */
  closeFile(lotId: LotId): string {
    return join(this.directory(lotId), 'close.jws');
  }

  /** Every lot by the time it was made, and the folders that could not be read. */
  async list(): Promise<{ lots: StoredLot[]; damaged: DamagedLot[] }> {
    const lots: StoredLot[] = [];
    const damaged: DamagedLot[] = [];
    for (const lotId of await this.#ids()) {
      try {
        const stored = await this.get(lotId);
        if (stored) lots.push(stored);
      } catch (error) {
        if (!(error instanceof KeylineError)) throw error;
        damaged.push({ lotId, problem: error.message });
      }
    }
    lots.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    return { lots, damaged };
  }

  /** The lot with this id, or undefined. Throws `descriptor-invalid` for one that was tampered with. */
  async get(lotId: LotId): Promise<StoredLot | undefined> {
    const descriptor = await readOptional(join(this.directory(lotId), 'lot.jws'));
    if (descriptor === undefined) return undefined;
    const lot = await openLotDescriptor(descriptor.trimEnd());
    if (lot.lotId !== lotId) {
      throw new KeylineError('descriptor-invalid', {
        message: `the folder of lot ${lotId} holds the descriptor of ${lot.lotId}`,
      });
    }
    const closedAt = await this.closedAt(lotId);
    return { lot, descriptor: descriptor.trimEnd(), ...(closedAt !== undefined && { closedAt }) };
  }

  /**
   * The lot that a person means by `reference`: an id, or a code that one lot has. Throws
   * `not-found` and `ambiguous`.
   */
  async find(reference: string): Promise<StoredLot> {
    const id = lotIdFromPerson(reference);
    if (id) {
      const stored = await this.get(id);
      if (stored) return stored;
      throw notFound(reference);
    }
    const found = (await this.list()).lots.filter(({ lot }) => lot.code === reference);
    const [first, second] = found;
    if (!first) throw notFound(reference);
    if (!second) return first;
    throw new KeylineError('ambiguous', {
      message: `${found.length} lots have the code ${JSON.stringify(reference)}`,
      hint: `Name it by its id: ${found.map(({ lot }) => lot.lotId).join(', ')}.`,
      facts: { code: reference, lots: found.map(({ lot }) => lot.lotId) },
    });
  }

  /**
   * Keeps a descriptor that was verified. The same bytes again are no change and give false; a lot
   * with that id and other bytes throws `already-exists`.
   */
  async add(lot: Lot, descriptor: string): Promise<boolean> {
    const directory = await this.#home.folder(this.directory(lot.lotId));
    const path = join(directory, 'lot.jws');
    const held = await readOptional(path);
    if (held === undefined) {
      await writeFileAtomic(path, `${descriptor}\n`, { mode: 0o644 });
      return true;
    }
    if (held.trimEnd() === descriptor) return false;
    throw new KeylineError('already-exists', {
      message: `lot ${lot.lotId} is here already with another descriptor`,
      hint: 'Find out which of the two is right before you use either; `keyline lot show` shows this one.',
      facts: { lotId: lot.lotId },
    });
  }

  /** Marks the lot closed at `at`. */
  async close(lotId: LotId, at: string): Promise<void> {
    const path = join(this.directory(lotId), 'state.json');
    await writeFileAtomic(path, `${JSON.stringify({ closedAt: at })}\n`, {
      mode: 0o644,
      force: true,
    });
  }

  /** When the lot was closed, or undefined. */
  async closedAt(lotId: LotId): Promise<string | undefined> {
    const text = await readOptional(join(this.directory(lotId), 'state.json'));
    if (text === undefined) return undefined;
    try {
      const state: unknown = JSON.parse(text);
      if (Check(LotState, state)) return state.closedAt;
    } catch {
      // Refused below, together with a state of another shape.
    }
    throw new KeylineError('descriptor-invalid', {
      message: `the state of lot ${lotId} cannot be read`,
      hint: `Look at state.json in ${this.directory(lotId)}; without it the lot counts as open.`,
    });
  }

  async #ids(): Promise<LotId[]> {
    try {
      const names = await readdir(this.#home.lotsDir);
      return names.filter((name): name is LotId => isId('kl', name));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }
}

/** A lot id as typed or scanned, or undefined for anything else. */
function lotIdFromPerson(text: string): LotId | undefined {
  if (!/^kl_/i.test(text)) return undefined;
  const id = `kl_${crockfordFromPerson(text.slice(3))}`;
  return isId('kl', id) ? (id as LotId) : undefined;
}

function sortKey({ lot }: StoredLot): string {
  return `${lot.createdAt} ${lot.lotId}`;
}

function notFound(reference: string): KeylineError {
  return new KeylineError('not-found', {
    message: `there is no lot ${JSON.stringify(reference)}`,
    hint: '`keyline lot list` shows the lots of this home.',
    facts: { lot: reference },
  });
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
