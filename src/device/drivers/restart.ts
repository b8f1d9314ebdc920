import { Type } from 'typebox';
import { DeviceFailure } from '../../model/failure.ts';
import type { DriverContext } from '../driver.ts';
import { pause } from './pause.ts';

const WAIT_MS = 1_000;
const TIMEOUT_MS = 15_000;

/**
 * How a device comes back, as members of a schema: `waitMs` until it is asked again (1 s), `timeoutMs` until
 * it must answer (15 s), `reopen` where the port goes away with it (USB).
 */
export const RESTART_TIMING = {
  waitMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 60_000 })),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 600_000 })),
  reopen: Type.Optional(Type.Boolean()),
};

/** See RESTART_TIMING. */
export interface RestartTiming {
  readonly waitMs?: number;
  readonly timeoutMs?: number;
  readonly reopen?: boolean;
}

/**
 * Waits for a device that has said that it restarts, until `knock` no longer throws. Throws what
 * `knock` threw last, and `port-gone` at once.
 */
export async function awaitRestart(
  context: DriverContext,
  timing: RestartTiming,
  knock: () => Promise<void>,
): Promise<void> {
  const { waitMs = WAIT_MS, timeoutMs = TIMEOUT_MS } = timing;
  // The answer comes before the device goes down: asked at once, the old firmware would still answer.
  if (timing.reopen) await context.releasePort(() => pause(waitMs, context.signal));
  else await pause(waitMs, context.signal);
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      await knock();
      return;
    } catch (error) {
      const isFinal = !(error instanceof DeviceFailure) || error.code === 'port-gone';
      if (isFinal || performance.now() >= deadline) throw error;
    }
  }
}
