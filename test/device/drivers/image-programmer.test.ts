import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FAILURE_WORDS, runProgrammer } from '../../../src/device/drivers/image-programmer.ts';
import type { ProgrammerRun } from '../../../src/device/drivers/image-programmer.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyline-test-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

function run(script: string, options: Partial<ProgrammerRun> = {}): Promise<string> {
  return runProgrammer({
    argv: ['sh', '-c', script],
    success: /done/,
    failure: new RegExp(FAILURE_WORDS, 'i'),
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    ...options,
  });
}

function failure(code: string): Error {
  return expect.objectContaining({ name: 'DeviceFailure', code }) as Error;
}

/** A program that starts another one, neither of which ends or heeds a polite signal. */
function stubborn(name: string): { readonly script: string; readonly ended: () => Promise<void> } {
  const file = join(directory, name);
  return {
    script: `trap '' TERM; (trap '' TERM; sleep 1000) & echo $! > '${file}.part'; mv '${file}.part' '${file}'; echo done; sleep 1000`,
    ended: () =>
      vi.waitFor(async () => {
        const pid = Number(await readFile(file, 'utf8'));
        // One that nobody has waited for yet has ended too.
        const state = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z');
        expect(state).toContain(') Z');
      }),
  };
}

describe('a programmer', () => {
  it('has done its work with status 0 and the success pattern in either stream', async () => {
    expect(await run('echo one; echo done >&2')).toContain('done');
  });

  it.each([
    ['status 0 without the success pattern', 'echo finished'],
    ['the success pattern and another status', 'echo done; exit 2'],
    [
      'status 0, the success pattern, and an error beside it',
      'echo done; echo "Error: no probe" >&2',
    ],
    ['status 0 and FAILED', 'echo done; echo FAILED'],
    ['an end by a signal', 'echo done; kill -9 $$'],
    ['endless output', 'yes done'],
  ])('has failed with %s', async (_what, script) => {
    await expect(run(script)).rejects.toThrow(failure('programmer-failed'));
  });

  it('that is not installed or cannot be run is missing', async () => {
    await expect(run('', { argv: ['no-such-programmer'] })).rejects.toThrow(
      failure('programmer-missing'),
    );
    await expect(run('', { argv: [directory] })).rejects.toThrow(failure('programmer-missing'));
  });

  it('is given its arguments as they are, with no shell between', async () => {
    const output = await run('', { argv: ['printf', '%s done', '$(id) ; `id` "x" *'] });
    expect(output).toBe('$(id) ; `id` "x" * done');
  });

  it('reads nothing from the terminal', async () => {
    expect(await run('cat; echo done')).toBe('done');
  });

  it('that never ends is ended at the deadline, with all that it started', async () => {
    const { script, ended } = stubborn('late');
    await expect(run(script, { timeoutMs: 300 })).rejects.toThrow(failure('programmer-timeout'));
    await ended();
  });

  it('is ended by the signal, with all that it started', async () => {
    const { script, ended } = stubborn('aborted');
    const stop = new AbortController();
    const running = run(script, { signal: stop.signal });
    await vi.waitFor(() => readFile(join(directory, 'aborted')));
    stop.abort();
    await expect(running).rejects.toThrow(
      expect.objectContaining({ code: 'interrupted' }) as Error,
    );
    await ended();
  });

  it('is not even started once the signal has fired', async () => {
    const file = join(directory, 'never');
    const signal = AbortSignal.abort();
    await expect(run(`echo > '${file}'; echo done`, { signal })).rejects.toThrow(
      expect.objectContaining({ code: 'interrupted' }) as Error,
    );
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  it('does not tell in its failure what it printed', async () => {
    const error: unknown = await run('echo 00112233; exit 1').catch((caught: unknown) => caught);
    expect(String(error)).not.toContain('00112233');
  });
});
