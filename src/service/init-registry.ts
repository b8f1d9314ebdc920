import { KeylineError } from '../kernel/errors.ts';
import { LOGIN_NAME, parseName } from '../model/account-names.ts';
import { digestPassword } from './auth/secret-digest.ts';
import { readOrMakeMasterKey, readSmallFile } from './keys/key-file.ts';
import { makeAccount } from './keys/make-account.ts';
import { currentEpoch } from './store/epoch.ts';
import { readMeta, writeMeta } from './store/migrate.ts';
import { openStore } from './store/open-store.ts';
import { createPrincipal } from './store/principals.ts';

/** What a new registry begins with. */
export interface InitChoices {
  /** `postgres://…` or a path. */
  readonly database: string;
  readonly masterKeyFile: string;
  /** Log-in name of the first admin. */
  readonly admin: string;
  readonly adminPasswordFile: string;
}

/** What was made. */
export interface InitResult {
  /** The account of the platform, which owns no device. */
  readonly accountId: string;
  readonly adminId: string;
  readonly admin: string;
  readonly epoch: string;
}

const SHORTEST_PASSWORD = 12;

/**
 * Makes the tables, the master key file where there is none, the platform's account and its first admin,
 * all in one transaction: of two that try at once, one succeeds. Throws `registry-exists`, `usage` for a
 * password of less than 12 characters and for what is no log-in name.
 */
export async function initRegistry(choices: InitChoices): Promise<InitResult> {
  const admin = parseName(LOGIN_NAME, choices.admin);
  const password = (await readSmallFile(choices.adminPasswordFile)).replace(/\r?\n$/, '');
  if ([...password].length < SHORTEST_PASSWORD) {
    throw new KeylineError('usage', {
      message: `the password is shorter than ${SHORTEST_PASSWORD} characters`,
    });
  }
  const secretDigest = await digestPassword(password);
  using masterKey = await readOrMakeMasterKey(choices.masterKeyFile);
  await using store = await openStore(choices.database, { create: true });
  return await store.change({ actor: 'registry' }, async (change) => {
    if ((await readMeta(change.db, 'keyCheck')) !== undefined) throw registryExists();
    const wanted = { handle: 'platform', name: 'Platform', kind: 'platform' } as const;
    const making = makeAccount(change, masterKey, wanted);
    const { id: accountId } = await making.catch((error: unknown) => {
      // Another process has made it since.
      throw error instanceof KeylineError && error.code === 'name-taken' ? registryExists() : error;
    });
    await writeMeta(change.db, 'keyCheck', masterKey.checkValue());
    const { id: adminId } = await createPrincipal(change, {
      ...{ kind: 'user', accountId, login: admin, name: admin, secretDigest },
      roles: ['platform-admin', 'account-admin'],
    });
    const epoch = await currentEpoch(change.db);
    return { accountId, adminId, admin, epoch };
  });
}

function registryExists(): KeylineError {
  return new KeylineError('registry-exists', { message: 'the database holds a registry already' });
}
