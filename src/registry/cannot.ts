import { KeylineError } from '../kernel/errors.ts';
import type { Registry } from './registry.ts';

/** The error of a command whose registry lacks what it needs: `what`, such as `takes no proofs of keys`. */
export function cannot({ url }: Pick<Registry, 'url'>, what: string): KeylineError {
  return new KeylineError('registry-cannot', {
    message: `the registry at ${url} ${what}`,
    facts: { url },
  });
}
