/** A line for each name, the most frequent first. */
export function lines(counts: ReadonlyMap<string, number>): string[] {
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return sorted.map(([name, count]) => `  ${String(count).padStart(6)}  ${name}`);
}

/** How often anything was counted. */
export function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, one) => all + one, 0);
}
