/** A stretch that nobody has labelled, in fractions of the sequence that a head sees. */
export type UnlabelledSpan = readonly [start: number, end: number];

/** Part of a snippet by which a stretch may reach into it without counting: times are rounded. */
const rounding = 1e-3;

/**
 * Which of T snippets an unlabelled stretch touches: `[T]`, 1 where it does. Nobody knows whether these are background,
 * so that no loss may say so.
 *
 * @param snippets - T.
 * @returns Null where no snippet is touched.
 */
export function unlabelledSnippets(spans: readonly UnlabelledSpan[], snippets: number): Uint8Array | null {
  const touched = new Uint8Array(snippets);
  for (const [start, end] of spans) {
    const [from, to] = [Math.floor(start * snippets + rounding), Math.ceil(end * snippets - rounding)];
    if (to > from) touched.fill(1, Math.max(0, from), Math.max(0, to));
  }
  return touched.includes(1) ? touched : null;
}
