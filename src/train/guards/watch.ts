/** Passes on the items of `source`, and calls `onStall` each time that `seconds` pass without a next item. */
export async function* watched<T>(
  source: AsyncIterable<T>,
  seconds: number,
  onStall: () => void,
): AsyncGenerator<T, void, undefined> {
  let watch = setInterval(onStall, seconds * 1000);
  try {
    for await (const item of source) {
      clearInterval(watch);
      yield item;
      watch = setInterval(onStall, seconds * 1000);
    }
  } finally {
    clearInterval(watch);
  }
}
