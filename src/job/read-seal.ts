import { readFile, stat } from 'node:fs/promises';
import { isErrno, KeylineError } from '../kernel/errors.ts';
import type { IssueList } from '../manifest/issue.ts';
import type { ProvisioningKey } from '../model/ids.ts';
import { verifyManifestSeal } from '../seals/manifest-seal.ts';
import type { VerifiedSeal } from '../seals/manifest-seal.ts';

/** A seal has 67 bytes for 65,536 rows: a thousand million rows need 1 MB. */
const LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * The seal of a manifest file, beside it unless a path is given, walked up to its `kp_`. A seal that
 * does not verify, or that `key` asks for and is not there, is an issue of the manifest. Throws
 * `not-found` for a path that was given.
 */
export async function readSeal(
  choices: { readonly file: string; readonly seal?: string | undefined },
  key: ProvisioningKey | undefined,
  issues: IssueList,
): Promise<VerifiedSeal | undefined> {
  const path = choices.seal ?? (choices.file === '-' ? undefined : `${choices.file}.seal`);
  const jws = path === undefined ? undefined : await readText(path, choices.seal !== undefined);
  if (jws === undefined) {
    if (key !== undefined) {
      const message = `there is no seal that leads to ${key}`;
      issues.add({ code: 'seal-missing', message });
    }
    return undefined;
  }
  try {
    return await verifyManifestSeal(jws.trim(), key);
  } catch (error) {
    if (!(error instanceof KeylineError)) throw error;
    issues.add({ code: 'seal-invalid', message: error.message });
    return undefined;
  }
}

async function readText(path: string, isRequired: boolean): Promise<string | undefined> {
  try {
    if ((await stat(path)).size <= LIMIT_BYTES) return await readFile(path, 'utf8');
    return '';
  } catch (error) {
    if (!isErrno(error, 'ENOENT') && !isErrno(error, 'EACCES') && !isErrno(error, 'EISDIR')) {
      throw error;
    }
    if (!isRequired && isErrno(error, 'ENOENT')) return undefined;
    throw new KeylineError('not-found', {
      message: `the seal ${path} cannot be read`,
      hint: 'Check the name of the file and its permissions.',
      facts: { path },
    });
  }
}
