import type { ShownKey } from '../job/own-access.ts';
import { terminalCode } from './terminal-code.ts';

/** On standard error, so that no file of results has it. */
export async function showAuthenticatorKey({ secret, uri }: ShownKey): Promise<void> {
  const code = await terminalCode(uri);
  const groups = secret.match(/.{1,4}/g) ?? [];
  process.stderr.write(`${code}\nScan it, or type it: ${groups.join(' ')}\n`);
}
