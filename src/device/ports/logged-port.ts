import type { WireLog } from '../wire-log.ts';
import type { Port } from './port.ts';

/** The same port, its bytes recorded: what is written before it goes out, what is read as it is read. Disposing of it closes the port. */
export function logPort(port: Port, log: WireLog): Port {
  return {
    address: port.address,
    bitsPerSecond: port.bitsPerSecond,
    closed: port.closed,
    write: (bytes, options) => {
      log.sent(bytes);
      return port.write(bytes, options);
    },
    read: async (options) => {
      const bytes = await port.read(options);
      if (bytes) log.received(bytes);
      return bytes;
    },
    discardInput: () => {
      port.discardInput();
    },
    setLines: (lines) => port.setLines(lines),
    lines: () => port.lines(),
    [Symbol.asyncDispose]: () => port[Symbol.asyncDispose](),
  };
}
