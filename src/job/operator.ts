import { userInfo } from 'node:os';

/** Who runs this process, for the allocation book: the account's name, or its number where it has none. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that no password file names.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
