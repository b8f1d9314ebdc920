import type { StationEvent } from '../job/station-event.ts';
import { resultLine } from './station-view.ts';
import type { StationView } from './station-view.ts';

/** Where a run shows itself until it is disposed. */
export interface StationScreen extends Disposable {
  take(event: StationEvent): void;
}

const REDRAW_MS = 100;

/** A picture that is redrawn in place at most ten times a second, with a bell for each failure. */
export function drawnScreen(
  view: StationView,
  stream: { write(text: string): unknown },
): StationScreen {
  let height = 0;
  let timer: NodeJS.Timeout | undefined;
  let bell = '';
  const draw = (): void => {
    timer = undefined;
    const lines = view.lines();
    const up = height > 0 ? `\x1b[${height}A` : '';
    stream.write(`${bell}${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`);
    height = lines.length;
    bell = '';
  };
  draw();
  return {
    take: (event) => {
      if (view.take(event)) bell = '\x07';
      timer ??= setTimeout(draw, REDRAW_MS);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      draw();
    },
  };
}

/** One line for each result, and the totals at the end. */
export function lineScreen(
  view: StationView,
  stream: { write(text: string): unknown },
): StationScreen {
  return {
    take: (event) => {
      view.take(event);
      const line = resultLine(event);
      if (line !== undefined) stream.write(`${line}\n`);
    },
    [Symbol.dispose]: () => {
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
