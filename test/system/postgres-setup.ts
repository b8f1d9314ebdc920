import type { TestProject } from 'vitest/node';
import { startCluster } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A server on which each rig makes a database of its own; without one it makes a file. */
    postgres?: string;
  }
}

/** Starts the server that the suites of the service run on a second time; resolves to what ends it. */
export async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  provide('postgres', cluster.url);
  return async () => {
    await cluster[Symbol.asyncDispose]();
  };
}
