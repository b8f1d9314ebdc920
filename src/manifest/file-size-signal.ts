/**
 * While it is held, writing beyond `ulimit -f` fails with EFBIG: without a listener, SIGXFSZ would
 * kill the process and leave what was written.
 */
export function holdFileSizeSignal(): Disposable {
  // A listener of its own each time, so that the end of one output does not take another's away.
  const listener = (): void => undefined;
  process.on('SIGXFSZ', listener);
  return {
    [Symbol.dispose]() {
      process.off('SIGXFSZ', listener);
    },
  };
}
