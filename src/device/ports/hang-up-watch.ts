import type { SerialPort } from 'serialport';

/** How often an open port is asked whether it is still there. */
const EVERY_MS = 250;

/**
 * Calls `onHangUp` once the system has hung the port up; ends with the port's `close`. The library
 * takes a read of no bytes for one to be repeated, but that is what a terminal that was unplugged
 * while a read was at work gives for ever: no event, and a busy loop until the port is closed. Asking
 * for the rate costs no traffic on the bus, unlike asking for the lines, and fails on such a port.
 */
export function watchHangUp(serial: SerialPort, onHangUp: () => void): void {
  let isAsking = false;
  const timer = setInterval(() => {
    if (isAsking || !serial.isOpen || !serial.port) return;
    isAsking = true;
    serial.port
      .getBaudRate()
      .catch((error: unknown) => {
        // Where the rate cannot be asked for, the message is another.
        if (error instanceof Error && /input\/output error/i.test(error.message)) onHangUp();
      })
      .finally(() => {
        isAsking = false;
      });
  }, EVERY_MS);
  serial.once('close', () => {
    clearInterval(timer);
  });
}
