import type { FastifyReply } from 'fastify';
import { isDeepStrictEqual } from 'node:util';
import { KeylineError } from '../../kernel/errors.ts';
import { unauthenticated } from '../auth/caller.ts';
import type { Caller } from '../auth/caller.ts';
import { sendEvents, WakeSignal } from '../http/stream.ts';
import type { Service } from '../service.ts';
import { findDeviceById } from '../store/check-in.ts';
import { templatesOf } from '../store/config-templates.ts';
import { stateOf } from './device-state.ts';
import type { DeviceState } from './device-state.ts';

/** A device that waits, in the account that it was in when it began to. */
export interface DeviceWait {
  readonly service: Service;
  readonly deviceId: string;
  readonly accountId: string;
  /** Whether its session still stands, and whose it is. */
  authenticate(): Promise<Caller | undefined>;
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
  const { state: first, isAcknowledged } = await look(wait);
  if (first.config && !isAcknowledged) return first;
  const ended = AbortSignal.any([service.closing, signal]);
  const until = performance.now() + seconds * 1_000;
  for (;;) {
    const end = await woken.wait(ended, Math.max(0, until - performance.now()));
    if (end !== 'woken') return first;
    const { caller, state } = await service.looks.run(async () => {
      const caller = await wait.authenticate();
      if (!caller) throw unauthenticated();
      return { caller, ...(await look(wait)) };
    });
    // In another account it waits for other templates: it asks again.
    if (caller.accountId !== accountId || !isDeepStrictEqual(state, first)) return state;
  }
}

/** Sends the device's state now and whenever it is another, whoever owns it by then, until its session ends. */
export async function streamStates(wait: DeviceWait, reply: FastifyReply): Promise<void> {
  const { service, deviceId } = wait;
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
      const state = await service.looks.run(async () => {
        const caller = await wait.authenticate();
        if (!caller) return undefined;
        if (caller.accountId !== accountId) {
          ({ accountId } = caller);
          woken[Symbol.dispose]();
          woken = wakeOf({ service, deviceId, accountId });
        }
        return (await look(wait)).state;
      });
      if (!state) return 'end';
      if (isDeepStrictEqual(state, last)) return [];
      last = state;
      const { step = 0, version = 0 } = state.config ?? {};
      return [{ id: `${step}.${version}`, event: state.mode, data: state }];
    },
    wait: (signal, timeoutMs) => woken.wait(signal, timeoutMs),
  });
}

function wakeOf({ service, deviceId, accountId }: Omit<DeviceWait, 'authenticate'>): WakeSignal {
  return new WakeSignal(service.store, [deviceId, templatesOf(accountId)]);
}

async function look({
  service,
  deviceId,
}: DeviceWait): Promise<{ readonly state: DeviceState; readonly isAcknowledged: boolean }> {
  const device = await findDeviceById(service.store.reader, deviceId);
  if (!device) throw new KeylineError('object-unknown', { message: 'the device is gone' });
  const state = await stateOf(service, device);
  const isAcknowledged =
    device.ackStep === state.config?.step && device.ackVersion === state.config.version;
  return { state, isAcknowledged };
}
