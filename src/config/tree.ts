/** Keys of a configuration as a file states them. */
export type Tree = Record<string, unknown>;

/** Whether a value is a map of keys, and not a list or a plain value. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
