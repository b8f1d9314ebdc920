import { MemoryDevice } from '../../../src/device/ports/memory-port.ts';
import { Inbox } from './rig.ts';
import type { Rig } from './rig.ts';

/** A device in memory. */
export function memoryRig(): Promise<Rig> {
  const inbox = new Inbox();
  const device = new MemoryDevice({
    onWrite: (bytes) => {
      inbox.push(bytes);
    },
  });
  return Promise.resolve({
    open: () => device.open(),
    send: (bytes) => {
      device.feed(bytes);
      return Promise.resolve();
    },
    take: (count) => inbox.take(count),
    block: () => {
      device.faults = { isBlocked: true };
    },
    unplug: () => {
      device.unplug();
    },
    dispose: () => Promise.resolve(),
  });
}
