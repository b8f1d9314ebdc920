/**
 * Has `work` done, synchronously, if the process ends before this is disposed of: by `process.exit`, as at
 * a second Ctrl-C, or by an error that nobody caught. A kill comes without.
 * What was begun last is ended first.
 */
export function atExit(work: () => void): Disposable {
  // As many as there is work in hand is no leak, and Node would warn of the eleventh.
  const most = process.getMaxListeners();
  if (most > 0) process.setMaxListeners(Math.max(most, process.listenerCount('exit') + 2));
  process.prependListener('exit', work);
  return {
    [Symbol.dispose]: () => {
      process.off('exit', work);
    },
  };
}
