import type { Counter, Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

/** One series of a counter; add to `pending`. */
export interface Series {
  readonly labels: readonly string[];
  pending: number;
}

/**
 * What the decision path counts with: a map lookup and an addition. prom-client's own `labels().inc()` and
 * `observe()` hash their labels at every call, some microseconds a decision (`make bench` shows them).
 */
export class CounterTally {
  readonly #counts = new Map<string, Series>();
  readonly #counter: Counter;

  constructor(counter: Counter) {
    this.#counter = counter;
  }

  /** The series with these labels, to be kept by whoever counts often. */
  series(labels: readonly string[]): Series {
    const key = labels.join('\n');
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const made = { labels, pending: 0 };
    this.#counts.set(key, made);
    return made;
  }

  /** Hands what was counted since the last time to the metric. */
  flush(): void {
    for (const entry of this.#counts.values()) {
      this.#counter.labels(...entry.labels).inc(entry.pending);
      entry.pending = 0;
    }
  }
}

export interface HistogramDescription {
  readonly name: string;
  readonly help: string;
  readonly label: string;
  readonly value: string;
  readonly buckets: readonly number[];
}

/** A histogram with one fixed series, in the form that a registry reads. */
export class HistogramTally {
  readonly #description: HistogramDescription;
  readonly #counts: number[];
  #sum = 0;

  constructor(description: HistogramDescription, registry: Registry) {
    this.#description = description;
    this.#counts = [...description.buckets, Infinity].map(() => 0);
    const { name } = description;
    // A registry asks its metrics for `name` and `get()` only; its type wants one of prom-client's own classes.
    registry.registerMetric({
      name,
      get: () => Promise.resolve(this.#read()),
      reset: () => undefined,
    } as unknown as Metric);
  }

  observe(seconds: number): void {
    const { buckets } = this.#description;
    let index = 0;
    while (index < buckets.length && seconds > (buckets[index] ?? Infinity)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += seconds;
  }

  #read(): MetricObjectWithValues<MetricValue<string>> {
    const { name, help, label, value, buckets } = this.#description;
    let total = 0;
    const values = this.#counts.map((count, index) => {
      total += count;
      return { metricName: `${name}_bucket`, value: total, labels: { [label]: value, le: buckets[index] ?? '+Inf' } };
    });
    const labels = { [label]: value };
    const ends = [
      { metricName: `${name}_sum`, value: this.#sum, labels },
      { metricName: `${name}_count`, value: total, labels },
    ];
    return {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...values, ...ends],
    } as unknown as MetricObjectWithValues<MetricValue<string>>;
  }
}
