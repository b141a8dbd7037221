/** Limits of the objects (flows.md "Objects"): they bound the table and the API server's cost of checking. */
export const limits = {
  rules: 32,
  entries: 16,
  values: 128,
  targets: 64,
  pools: 8,
  name: 253,
  label: 63,
  value: 256,
  group: 128,
  path: 1024,
  regex: 512,
  url: 1024,
} as const;
