/**
 * Runs jobs ahead of their use and yields their results in order. At most `ahead` jobs are running or waiting to be
 * taken, which bounds memory. A job's error is thrown at its turn. After that, or after an early `return`, no job is
 * started, and the results of those still running are dropped.
 */
export async function* prefetch<T>(
  jobs: Iterable<() => Promise<T>>,
  ahead: number,
): AsyncGenerator<T, void, undefined> {
  if (!Number.isInteger(ahead) || ahead < 1) throw new RangeError(`ahead must be a positive integer, not ${ahead}`);
  const source = jobs[Symbol.iterator]();
  const waiting: Promise<T>[] = [];
  const startNext = () => {
    const next = source.next();
    if (next.done) return;
    const result = Promise.resolve().then(next.value);
    // The error is thrown at the job's turn, which may never come; until then it must not count as unhandled.
    result.catch(() => undefined);
    waiting.push(result);
  };
  try {
    for (let i = 0; i < ahead; i++) startNext();
    for (let result = waiting.shift(); result; result = waiting.shift()) {
      const value = await result;
      startNext();
      yield value;
    }
  } finally {
    source.return?.();
  }
}
