/** Listens for SIGINT and SIGTERM until disposed. */
export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/** The first SIGINT or SIGTERM aborts the signal, so that a command can clean up; a second ends the process at once. */
export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
