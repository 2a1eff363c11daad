/**
 * Runs `work` and removes the process listeners that it left behind. Some libraries add listeners when they are
 * loaded: an exit hook that swallows SIGINT, an error hook that prints a megabyte of source. Only cli/main.ts
 * decides what signals and errors do.
 */
export async function withoutNewListeners<T>(events: readonly string[], work: () => Promise<T>): Promise<T> {
  const before = events.map((event) => process.listeners(event as NodeJS.Signals));
  try {
    return await work();
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as NodeJS.Signals)) {
        if (!before[i]!.includes(listener)) process.off(event, listener);
      }
    });
  }
}
