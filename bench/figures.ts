export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The smallest value that at least this part of all values don't exceed. */
export function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * part) - 1)] ?? 0;
}

/** (largest − smallest) / median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly goal: number;
  readonly met: boolean;
}

export function goals(rows: readonly { readonly name: string; readonly ratio: number }[]): Goal {
  const value = rows.find((row) => row.name === 'cognito-gate, warm cookie')?.ratio ?? 0;
  return { name: 'warm cookie, of bare node:http', value, goal: 0.75, met: value >= 0.75 };
}
