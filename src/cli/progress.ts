/** A line that tells how far a long command is. */
export interface Progress {
  /** `done` of the total, in rows or units. */
  update(done: number): void;
  /** Takes the line away again. */
  end(): void;
}

/** The stream and the time as effects. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const INTERVAL_MS = 100;

/** Progress with rate and time left on `stream`, at most ten times a second; silent when it is no terminal. */
export function createProgress(
  label: string,
  total: number,
  stream: ProgressStream,
  nowMs: () => number = () => performance.now(),
): Progress {
  if (!stream.isTTY) return { update: () => undefined, end: () => undefined };
  const startMs = nowMs();
  let shownMs = Number.NEGATIVE_INFINITY;
  let isShown = false;
  return {
    update(done) {
      const atMs = nowMs();
      if (atMs - shownMs < INTERVAL_MS) return;
      shownMs = atMs;
      isShown = true;
      stream.write(`\r\u001b[K${progressLine(label, { done, total, elapsedMs: atMs - startMs })}`);
    },
    end() {
      if (isShown) stream.write('\r\u001b[K');
      isShown = false;
    },
  };
}

function progressLine(
  label: string,
  { done, total, elapsedMs }: { done: number; total: number; elapsedMs: number },
): string {
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0;
  const percent = total > 0 ? Math.floor((done * 100) / total) : 100;
  const parts = [`${label} ${percent} %`, `${grouped(done)} of ${grouped(total)}`];
  if (perSecond > 0) {
    parts.push(
      `${grouped(Math.round(perSecond))}/s`,
      `${timeLeft((total - done) / perSecond)} left`,
    );
  }
  return parts.join(', ');
}

/** A count as people read it: `1,000,000`. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

function timeLeft(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
