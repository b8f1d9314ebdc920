const BOUNDS_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
] as const;

interface Series {
  readonly counts: number[];
  sum: number;
  total: number;
}

/** What this process counts, in the text format of Prometheus, version 0.0.4. */
export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Series>();
  readonly #gauges = new Map<string, { readonly help: string; readonly read: () => number }>();

  /** A request that was answered; `route` is the pattern, so that there are few of them. */
  answered(request: RouteCount, seconds: number): void {
    const { method, route, status } = request;
    const labels = `method="${method}",route="${route}"`;
    const key = `${labels},status="${status}"`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    let series = this.#durations.get(labels);
    if (!series) {
      series = { counts: BOUNDS_SECONDS.map(() => 0), sum: 0, total: 0 };
      this.#durations.set(labels, series);
    }
    series.sum += seconds;
    series.total += 1;
    const at = BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    if (at !== -1) series.counts[at] = (series.counts[at] ?? 0) + 1;
  }

  /** A number that is read when it is asked for. */
  gauge(name: string, help: string, read: () => number): void {
    this.#gauges.set(name, { help, read });
  }

  /** Everything as text. */
  render(): string {
    const lines = [
      '# HELP keyline_http_requests_total Requests answered.',
      '# TYPE keyline_http_requests_total counter',
      ...[...this.#requests].map(([key, n]) => `keyline_http_requests_total{${key}} ${n}`),
      '# HELP keyline_http_request_seconds Time to the end of the answer.',
      '# TYPE keyline_http_request_seconds histogram',
      ...[...this.#durations].flatMap(([labels, series]) => renderSeries(labels, series)),
      ...[...this.#gauges].flatMap(([name, { help, read }]) => [
        ...[`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${read()}`],
      ]),
    ];
    return `${lines.join('\n')}\n`;
  }
}

/** What a request is counted under. */
export interface RouteCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

function renderSeries(labels: string, { counts, sum, total }: Series): string[] {
  const name = 'keyline_http_request_seconds';
  let below = 0;
  const buckets = BOUNDS_SECONDS.map((bound, at) => {
    below += counts[at] ?? 0;
    return `${name}_bucket{${labels},le="${bound}"} ${below}`;
  });
  return [
    ...buckets,
    `${name}_bucket{${labels},le="+Inf"} ${total}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${total}`,
  ];
}
