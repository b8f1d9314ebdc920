const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What a report's time is cut into, from a quarter of an hour to a quarter of a year. */
const WIDTHS = [15 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY, 28 * DAY, 91 * DAY, 364 * DAY] as const;

/** A chart with more has no room for them. */
const MOST_SLICES = 48;

/** The least of the widths, in milliseconds, that cuts this span into at most 48 slices. */
export function sliceWidth(spanMs: number): number {
  const last = WIDTHS[WIDTHS.length - 1] ?? DAY;
  return WIDTHS.find((width) => spanMs / width <= MOST_SLICES - 1) ?? last;
}

/** The beginning of the slice in which a moment lies: slices begin with the epoch, days at midnight UTC. */
export function sliceOf(atMs: number, width: number): number {
  return Math.floor(atMs / width) * width;
}

/** `15 minutes`, `hour`, `day`: what one slice of this width is. */
export function sliceName(width: number): string {
  if (width < HOUR) return `${width / MINUTE} minutes`;
  if (width < DAY) return width === HOUR ? 'hour' : `${width / HOUR} hours`;
  return width === DAY ? 'day' : `${width / DAY} days`;
}
