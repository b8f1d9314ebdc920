import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { Check } from 'typebox/value';
import { writeFileAtomic } from '../kernel/atomic-file.ts';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import type { LotId } from '../model/ids.ts';
import { GrantStatement } from '../seals/grant.ts';
import type { VerifiedGrant } from '../seals/grant.ts';
import type { Home } from './home.ts';

/** What is noted in the open of a grant, so that it is found without opening it. Never trusted. */
const GrantNote = Type.Object(
  {
    grantId: GrantStatement.properties.grantId,
    lotId: Type.Unsafe<LotId>(Type.String({ maxLength: 64 })),
    ranges: GrantStatement.properties.ranges,
    notAfter: GrantStatement.properties.notAfter,
    stationKey: GrantStatement.properties.stationKey,
  },
  { additionalProperties: false },
);
export type GrantNote = Static<typeof GrantNote>;

/** The grants that this machine's station was given: `grants/`, as docs/shapes.md lays it out. */
export class GrantStore {
  readonly #home: Home;

  constructor(home: Home) {
    this.#home = home;
  }

  /** Keeps a grant as it arrived, still encrypted. The same grant again is no change and gives false. */
  async add(grant: VerifiedGrant, ageFile: Uint8Array): Promise<boolean> {
    await this.#home.folder(this.#home.grantsDir);
    const { grantId, ranges, notAfter, stationKey } = grant.statement;
    if ((await this.list()).some((note) => note.grantId === grantId)) return false;
    const note: GrantNote = { grantId, lotId: grant.lot.lotId, ranges, notAfter, stationKey };
    await writeFileAtomic(this.#path(grantId, 'age'), ageFile, { mode: 0o600, force: true });
    const text = `${JSON.stringify(note)}\n`;
    await writeFileAtomic(this.#path(grantId, 'json'), text, { mode: 0o644, force: true });
    return true;
  }

  /** The notes of every grant, by id. Throws `grant-invalid` for one that cannot be read. */
  async list(): Promise<GrantNote[]> {
    const names = await readdir(this.#home.grantsDir).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    const notes = names.filter((name) => /^kg_[0-9a-z]{26}\.json$/.test(name)).sort();
    return Promise.all(notes.map((name) => this.#note(name.replace(/\.json$/, ''))));
  }

  /** The notes of a lot's grants. */
  async of(lotId: LotId): Promise<GrantNote[]> {
    return (await this.list()).filter((note) => note.lotId === lotId);
  }

  /** The age file of a grant. */
  async read(grantId: string): Promise<Uint8Array> {
    try {
      return await readFile(this.#path(grantId, 'age'));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw damaged(grantId);
      throw error;
    }
  }

  async #note(grantId: string): Promise<GrantNote> {
    try {
      const note: unknown = JSON.parse(await readFile(this.#path(grantId, 'json'), 'utf8'));
      if (Check(GrantNote, note) && note.grantId === grantId) return note;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw damaged(grantId);
  }

  #path(grantId: string, extension: 'age' | 'json'): string {
    return join(this.#home.grantsDir, `${grantId}.${extension}`);
  }
}

function damaged(grantId: string): KeylineError {
  return new KeylineError('grant-invalid', {
    message: `what is kept of grant ${grantId} is damaged`,
    hint: 'Import the grant again with `keyline lot import`.',
    facts: { grantId },
  });
}
