/** The keys of a configuration as a file states them, before defaults are filled in. */
export type Tree = Record<string, unknown>;

/** Whether a value is a map of keys, and neither a list nor a plain value. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
