import type { ReadStream } from 'node:tty';

/**
 * Standard input that a terminal does not show: a label that is scanned may bear a claim code, and the
 * picture of a run has no place for it. Ctrl-C stays what it is. Undone when disposed.
 */
export function quietInput(input: ReadStream): Disposable {
  if (!input.isTTY) return { [Symbol.dispose]: () => undefined };
  input.setRawMode(true);
  const onData = (bytes: Buffer): void => {
    if (bytes.includes(CTRL_C)) process.kill(process.pid, 'SIGINT');
  };
  input.on('data', onData);
  return {
    [Symbol.dispose]: () => {
      input.off('data', onData);
      input.setRawMode(false);
    },
  };
}

const CTRL_C = 3;
