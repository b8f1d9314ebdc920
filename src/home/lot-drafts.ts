import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import { isId, parseLotId } from '../model/ids.ts';
import type { LotId } from '../model/ids.ts';
import { LotSchema, X509Profile } from '../model/lot.ts';
import type { Lot } from '../model/lot.ts';
import type { Home } from './home.ts';

const NAME = 'draft.json';

const DraftSchema = Type.Object(
  {
    ...LotSchema.properties,
    x509: Type.Object(
      { ...X509Profile.properties, chain: Type.Array(Type.String(), { maxItems: 0 }) },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

/** Lots of x509-p256 whose issuing CA waits for its certificate: all of a lot but its chain, not yet sealed. */
export class LotDrafts {
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
  }

  /** Keeps a draft; the caller holds the home's lock. */
  async add(draft: Lot): Promise<void> {
    const directory = await this.#home.folder(this.#home.lotDir(draft.lotId));
    await writeFileAtomic(join(directory, NAME), `${JSON.stringify(draft)}\n`, { mode: 0o600 });
  }

  /** Every draft. Throws `invalid-lot` for one that cannot be read. */
  async list(): Promise<Lot[]> {
    const lots: Lot[] = [];
    for (const name of await this.#names()) {
      if (!isId('kl', name)) continue;
      const draft = await this.#read(parseLotId(name));
      if (draft) lots.push(draft);
    }
    return lots;
  }

  /** The draft with this code or id. Throws `not-found` and `ambiguous`. */
  async find(reference: string): Promise<Lot> {
    const found = (await this.list()).filter(
      (lot) => lot.lotId === reference || lot.code === reference,
    );
    const [draft, ...others] = found;
    if (!draft) {
      throw new KeylineError('not-found', {
        message: `no lot ${JSON.stringify(reference)} waits for a certificate`,
        hint: '`keyline lot create … --csr FILE` makes one that does.',
      });
    }
    if (others.length === 0) return draft;
    throw new KeylineError('ambiguous', {
      message: `${found.length} lots with code ${JSON.stringify(reference)} wait for a certificate`,
      facts: { lots: found.map(({ lotId }) => lotId) },
    });
  }

  /** Forgets a draft that has become a lot. */
  async remove(lotId: LotId): Promise<void> {
    await rm(join(this.#home.lotDir(lotId), NAME), { force: true });
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#home.lotsDir);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async #read(lotId: LotId): Promise<Lot | undefined> {
    const path = join(this.#home.lotDir(lotId), NAME);
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      const draft: unknown = JSON.parse(text);
      if (Check(DraftSchema, draft) && draft.lotId === lotId) return draft;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw new KeylineError('invalid-lot', {
      message: `the draft ${path} cannot be read`,
      hint: `Remove ${path} and create the lot again.`,
      facts: { path },
    });
  }
}
