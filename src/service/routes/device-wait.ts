import type { FastifyReply } from 'fastify';
import { isDeepStrictEqual } from 'node:util';
import { unauthenticated } from '../auth/caller.ts';
import { sendEvents, WakeSignal } from '../http/stream.ts';
import type { Service } from '../service.ts';
import { templatesOf } from '../store/config-templates.ts';
import type { SeenDevice } from './device-looks.ts';
import type { DeviceState } from './device-state.ts';

/** A device that waits, in the account that it was in when it began to. */
export interface DeviceWait {
  readonly service: Service;
  readonly deviceId: string;
  readonly accountId: string;
  /** Of its session. */
  readonly token: string;
}

/**
 * The device's state as soon as it is another, after `seconds`, or at once where it has not acknowledged
 * its configuration. Throws `unauthenticated` when its session ends.
 */
export async function nextState(
  wait: DeviceWait,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<DeviceState> {
  const { service, accountId } = wait;
  using woken = wakeOf(wait);
  const first = await look(wait);
  if (first.device.accountId !== accountId || isToBeFetched(first)) return first.state;
  const ended = AbortSignal.any([service.closing, signal]);
  const until = performance.now() + seconds * 1_000;
  for (;;) {
    const end = await woken.wait(ended, Math.max(0, until - performance.now()));
    if (end !== 'woken') return first.state;
    const { device, state } = await look(wait);
    // In another account it waits for other templates: it asks again.
    if (device.accountId !== accountId || !isDeepStrictEqual(state, first.state)) return state;
  }
}

/** Sends the device's state now and whenever it is another, whoever owns it by then, until its session ends. */
export async function streamStates(wait: DeviceWait, reply: FastifyReply): Promise<void> {
  const { service } = wait;
  let { accountId } = wait;
  let woken = wakeOf(wait);
  using _newest = {
    [Symbol.dispose]: () => {
      woken[Symbol.dispose]();
    },
  };
  let last: DeviceState | undefined;
  await sendEvents(reply, service, {
    async next() {
      let seen = await service.looks.look(wait.token);
      while (seen && seen.device.accountId !== accountId) {
        ({ accountId } = seen.device);
        woken[Symbol.dispose]();
        woken = wakeOf({ ...wait, accountId });
        seen = await service.looks.look(wait.token);
      }
      if (!seen) return 'end';
      const { state } = seen;
      if (isDeepStrictEqual(state, last)) return [];
      last = state;
      const { step = 0, version = 0 } = state.config ?? {};
      return [{ id: `${step}.${version}`, event: state.mode, data: state }];
    },
    wait: (signal, timeoutMs) => woken.wait(signal, timeoutMs),
  });
}

function wakeOf({ service, deviceId, accountId }: DeviceWait): WakeSignal {
  return new WakeSignal(service.store, [deviceId, templatesOf(accountId)]);
}

async function look({ service, token }: DeviceWait): Promise<SeenDevice> {
  const seen = await service.looks.look(token);
  if (!seen) throw unauthenticated();
  return seen;
}

/** Whether there is a configuration that the device has not acknowledged. */
function isToBeFetched({
  device: { ackStep, ackVersion },
  state: { config },
}: SeenDevice): boolean {
  return config !== undefined && (ackStep !== config.step || ackVersion !== config.version);
}
