import type { HttpRegistry } from '../registry/http-registry.ts';
import type { AccountChange, AccountDetails } from '../registry/registry.ts';

export type { AccountDetails };

/** Changes what is given and is not so yet. Throws `forbidden`. */
export async function setAccount(
  registry: Pick<HttpRegistry, 'changeAccount'>,
  wish: { readonly [Name in keyof AccountChange]: AccountChange[Name] | undefined },
): Promise<AccountDetails> {
  return await registry.changeAccount((now) => {
    const names = Object.keys(wish) as (keyof AccountChange)[];
    const wanted = names.filter((name) => wish[name] !== undefined && wish[name] !== now[name]);
    if (wanted.length === 0) return undefined;
    return Object.fromEntries(wanted.map((name) => [name, wish[name]]));
  });
}
