import type { Home } from '../home/home.ts';
import type { Secret } from '../kernel/secret.ts';
import { HANDLE, LOGIN_NAME, parseName } from '../model/account-names.ts';
import { joinAccount } from '../registry/http-login.ts';
import { passwordText } from './choose-password.ts';
import { caOf, loginTarget } from './registry-login.ts';
import { wayTo } from './registry-session.ts';
import type { RegistryChoices, RegistryEffects } from './registry-session.ts';

/** Who joins. */
export interface JoinWish {
  /** Handle. */
  readonly account: string;
  readonly login: string;
  readonly name: string;
  readonly password: () => Promise<Secret>;
}

/**
 * Makes a person of an account that people may join, as an end-user; nobody is logged in by it. Resolves to the
 * registry's address. Throws what `loginTarget` throws, `usage`, `object-unknown`, `name-taken`.
 */
export async function joinAs(
  home: Home,
  { account, login, name, password }: JoinWish,
  { choices, effects }: { readonly choices: RegistryChoices; readonly effects: RegistryEffects },
): Promise<string> {
  const { url, before } = await loginTarget(home, choices);
  const person = { account: parseName(HANDLE, account), login: parseName(LOGIN_NAME, login), name };
  using secret = await password();
  const text = passwordText(secret, 'nothing was sent');
  const way = await wayTo(url, { text: await caOf(choices, { url, before }) }, effects);
  await joinAccount(way, { ...person, password: text });
  return url;
}
