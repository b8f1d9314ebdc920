import type { Home } from '../home/home.ts';
import type { Credentials } from '../keystore/credentials.ts';

/** Everything over which no output may be written: the folders of the home, and what opens keys. */
export function protectedFiles(home: Home, credentials?: Credentials): string[] {
  return [...home.folders, ...(credentials?.files ?? [])];
}
