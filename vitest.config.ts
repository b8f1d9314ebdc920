import { defineConfig } from 'vitest/config';

// Node 20 has no `using`.
const oxc = { target: 'es2022' } as const;

export default defineConfig({
  oxc,
  test: {
    // Threads of a small machine are shared with the workers under test.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: { include: ['src/**'], exclude: ['src/derive/kernel/assembly/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/acceptance/**', 'test/system/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'acceptance',
          include: ['test/acceptance/**/*.test.ts'],
          // Whole processes, beside each other on two cores.
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: 'system', include: ['test/system/**/*.test.ts'], testTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          // The suites of the service once more: their rigs are on a server instead of on files.
          name: 'postgres',
          include: ['test/service/*.test.ts', 'test/registry/registry.test.ts'],
          // They have no rig.
          exclude: [
            'test/service/{batcher,postgres-listener,restore,sqlite-store,tls,totp,wakes}.test.ts',
          ],
          globalSetup: 'test/system/postgres-setup.ts',
        },
      },
    ],
  },
});
