/**
 * Things that one scope is responsible for: whichever way it is left, they are disposed of, the last one first.
 *
 * @example
 * ```ts
 * using owned = new Owned();
 * const encoder = owned.add(openEncoder(run, start));
 * ```
 */
export class Owned {
  private readonly things: Disposable[] = [];

  /** Takes responsibility for a thing, and gives it back. */
  add<T extends Disposable>(thing: T): T {
    this.things.push(thing);
    return thing;
  }

  [Symbol.dispose](): void {
    while (this.things.length > 0) this.things.pop()![Symbol.dispose]();
  }
}
