/** A level of the pyramid. Places are measured in snippets from the middle of the first snippet. */
export interface Level {
  /** Snippets from one location of the level to the next; the first location lies on snippet 0. */
  stride: number;
  /** The range, in snippets, in which the distance from a location to the farther end of its instance must lie. */
  range: readonly [least: number, most: number];
}

/**
 * Levels of strides 1, 2, 4, … and the instances that each learns. A level of stride s takes instances whose farther
 * end is 2s to 4s snippets away (ActionFormer's configurations), or with `overlap` s to 4s, so that two levels learn
 * many instances (TriDet's). The range of the first level begins at 0, that of the last has no end.
 */
export function pyramidLevels({ levels, overlap }: { levels: number; overlap: boolean }): Level[] {
  return Array.from({ length: levels }, (_, level) => {
    const stride = 2 ** level;
    const least = level === 0 ? 0 : overlap ? stride : 2 * stride;
    return { stride, range: [least, level === levels - 1 ? Infinity : 4 * stride] };
  });
}

/** The number of snippets that the pyramid pads T snippets to, so that every level has a whole number of locations. */
export function paddedLength(snippets: number, levels: number): number {
  const last = 2 ** (levels - 1);
  return Math.ceil(snippets / last) * last;
}

/** Number of the level's locations among the first `snippets`. */
export function locationsOf({ stride }: Level, snippets: number): number {
  return Math.ceil(snippets / stride);
}

/** Converts a fraction of T snippets to a place. */
export function toPlace(fraction: number, snippets: number): number {
  return fraction * snippets - 0.5;
}

/** Converts a place to a fraction of T snippets. */
export function toFraction(place: number, snippets: number): number {
  return (place + 0.5) / snippets;
}
