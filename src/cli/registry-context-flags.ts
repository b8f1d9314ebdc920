import { Flags } from '@oclif/core';
import { openRegistry } from '../job/registry-session.ts';
import type { OpenRegistry, RegistryChoices, RegistryEffects } from '../job/registry-session.ts';
import type { BaseCommand } from './base-command.ts';

const helpGroup = 'REGISTRY';

/** `--context NAME`: which log-in. */
export const contextFlag = Flags.string({
  ...{ helpValue: 'NAME', helpGroup },
  summary: 'The log-in to use, or KEYLINE_CONTEXT.',
});

/** `--ca-file FILE`. */
export const caFileFlag = Flags.string({
  ...{ helpValue: 'FILE', helpGroup },
  summary: 'Trust these certificates (PEM) and no others, or KEYLINE_CA_FILE.',
});

/** The flags of every command that speaks to a registry. */
export const registryContextFlags = {
  context: contextFlag,
  registry: Flags.string({
    ...{ helpValue: 'URL', helpGroup },
    summary: 'Its address, or KEYLINE_REGISTRY; that of the log-in unless given.',
  }),
  'token-file': Flags.string({
    ...{ helpValue: 'FILE|-', helpGroup },
    summary: 'A token instead of a log-in, or KEYLINE_TOKEN_FILE.',
  }),
  'ca-file': caFileFlag,
  'insecure-http': Flags.boolean({ helpGroup, summary: 'Plain HTTP beyond this machine.' }),
};

/** What those flags gave. */
export interface RegistryContextValues {
  readonly context?: string | undefined;
  readonly registry?: string | undefined;
  readonly 'token-file'?: string | undefined;
  readonly 'ca-file'?: string | undefined;
  readonly 'insecure-http'?: boolean;
}

/**
 * The choices of the flags, else of KEYLINE_CONTEXT, KEYLINE_REGISTRY and KEYLINE_TOKEN_FILE. A context
 * that is named by its flag replaces the token of the environment, which is for another registry perhaps.
 */
export function registryChoices(
  flags: RegistryContextValues,
  env: Readonly<Record<string, string | undefined>> = process.env,
): RegistryChoices {
  const isNamed = flags.context !== undefined && flags['token-file'] === undefined;
  const fromEnv = (name: string): string | undefined => (isNamed ? undefined : env[name]);
  return {
    context: flags.context ?? (env['KEYLINE_CONTEXT'] || undefined),
    url: flags.registry ?? (fromEnv('KEYLINE_REGISTRY') || undefined),
    tokenFile: flags['token-file'] ?? (fromEnv('KEYLINE_TOKEN_FILE') || undefined),
    caFile: flags['ca-file'] ?? (fromEnv('KEYLINE_CA_FILE') || undefined),
    insecureHttp: flags['insecure-http'],
  };
}

const WAITS = {
  silent: 'the registry does not answer; it is tried for half a minute',
  slow: 'the registry takes long to answer; Ctrl-C ends the wait',
} as const;

/** What of a command a registry needs. */
export type RegistryCommand = Pick<BaseCommand, 'home' | 'signal' | 'warning'>;

/** The registry of a command, and as whom. Throws what `openRegistry` throws. */
export async function openRegistryFor(
  command: RegistryCommand,
  flags: RegistryContextValues,
): Promise<OpenRegistry> {
  return await openRegistry(command.home, registryChoices(flags), registryEffects(command));
}

/** Ctrl-C, and one word to whoever waits for a registry that does not answer. */
export function registryEffects(
  command: Pick<RegistryCommand, 'signal' | 'warning'>,
): RegistryEffects {
  const said = new Set<string>();
  return {
    ...{ signal: command.signal, env: process.env },
    onWait: (why) => {
      if (!said.has(why)) command.warning(WAITS[why]);
      said.add(why);
    },
  };
}
