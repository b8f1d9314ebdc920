import type { StationEvent } from '../job/station-event.ts';
import type { ScreenSize } from './station-picture.ts';
import { ENDING, resultLine } from './station-view.ts';
import type { StationView } from './station-view.ts';

/** Where a run shows itself until it is disposed. */
export interface StationScreen extends Disposable {
  take(event: StationEvent): void;
}

/** A terminal, as far as a picture needs it; `process.stdout` is one. */
export interface DrawingSurface {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on(event: 'resize', listener: () => void): unknown;
  off(event: 'resize', listener: () => void): unknown;
}

const REDRAW_MS = 100;
const CLEAR = '\x1b[2J';
const HOME = '\x1b[H';
const ERASE_LINE = '\x1b[K';
const ERASE_BELOW = '\x1b[J';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';

/**
 * A picture that fills the terminal from its top left, redrawn at most ten times a second and at once
 * in a new size, with a bell for each failure. Once the signal fires it says that the run ends. The last picture stays, the cursor under it.
 */
export function drawnScreen(
  view: StationView,
  surface: DrawingSurface,
  signal: AbortSignal,
): StationScreen {
  let timer: NodeJS.Timeout | undefined;
  let before = CLEAR;
  const draw = (): void => {
    timer = undefined;
    // Erased first: after the last column the cursor would stand on it.
    const lines = view.lines(sizeOf(surface)).map((line) => `${ERASE_LINE}${line}\n`);
    surface.write(`${before}${NO_WRAP}${HOME}${lines.join('')}${ERASE_BELOW}${WRAP}`);
    before = '';
  };
  const drawSoon = (): void => {
    timer ??= setTimeout(draw, REDRAW_MS);
  };
  const onResize = (): void => {
    // What the terminal made of the old picture's lines is nobody's guess.
    before = `${before}${CLEAR}`;
    drawSoon();
  };
  const onAbort = (): void => {
    view.ending();
    drawSoon();
  };
  surface.on('resize', onResize);
  signal.addEventListener('abort', onAbort);
  draw();
  return {
    take: (event) => {
      if (view.take(event)) before = `\x07${before}`;
      drawSoon();
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort);
      surface.off('resize', onResize);
      clearTimeout(timer);
      draw();
    },
  };
}

/** A terminal that does not tell its size, such as a serial one, is 80 by 24. */
function sizeOf({ columns, rows }: DrawingSurface): ScreenSize {
  return { columns: columns || 80, rows: rows || 24 };
}

/** One line for each result, and the totals at the end. */
export function lineScreen(
  view: StationView,
  stream: { write(text: string): unknown },
  signal: AbortSignal,
): StationScreen {
  const onAbort = (): void => {
    stream.write(`${ENDING}\n`);
  };
  signal.addEventListener('abort', onAbort);
  return {
    take: (event) => {
      view.take(event);
      const line = resultLine(event);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort);
      stream.write(`${view.totals()}\n`);
    },
  };
}

/** Each event as one line of JSON. */
export function jsonScreen(stream: { write(text: string): unknown }): StationScreen {
  return {
    take: (event) => {
      stream.write(`${JSON.stringify({ event })}\n`);
    },
    [Symbol.dispose]: () => undefined,
  };
}
