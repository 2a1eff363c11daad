/** A level of the pyramid. Places are counted in snippets from the middle of the first one. */
export interface Level {
  /** Snippets from one of its locations to the next; the first lies on snippet 0. */
  stride: number;
  /** How far from a location the farther end of its instance may be, in snippets. */
  range: readonly [least: number, most: number];
}

/**
 * Levels of strides 1, 2, 4, … and the instances each is for. A level of stride s takes farther ends from 2s to 4s snippets away (ActionFormer's
 * configs), or with `overlap` from s to 4s, so that neighbouring levels both learn many instances (TriDet's). The first begins at 0, the
 * last has no end.
 */
export function pyramidLevels({ levels, overlap }: { levels: number; overlap: boolean }): Level[] {
  return Array.from({ length: levels }, (_, level) => {
    const stride = 2 ** level;
    const least = level === 0 ? 0 : overlap ? stride : 2 * stride;
    return { stride, range: [least, level === levels - 1 ? Infinity : 4 * stride] };
  });
}

/** Snippets that the pyramid computes for T of them: the last level has a whole number of locations. */
export function paddedLength(snippets: number, levels: number): number {
  const last = 2 ** (levels - 1);
  return Math.ceil(snippets / last) * last;
}

/** A level's locations among the first `snippets`. */
export function locationsOf({ stride }: Level, snippets: number): number {
  return Math.ceil(snippets / stride);
}

/** From a fraction of T snippets to a place. */
export function toPlace(fraction: number, snippets: number): number {
  return fraction * snippets - 0.5;
}

/** From a place to a fraction of T snippets. */
export function toFraction(place: number, snippets: number): number {
  return (place + 0.5) / snippets;
}
