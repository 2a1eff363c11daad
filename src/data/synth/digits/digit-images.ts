/** Square images of digits, whose values from 0 to 1 are the brightness of pixels. */
export interface DigitImages {
  /** In pixels. */
  readonly side: number;
  /** `[side · side]` each, row after row. */
  readonly images: readonly Float32Array[];
}

/** Rows and columns of a glyph. */
const [rows, columns] = [7, 5];

/** The digits 0 to 9 in dots; `#` is a lit one. */
const glyphs = [
  '.###. #...# #..## #.#.# ##..# #...# .###.',
  '..#.. .##.. ..#.. ..#.. ..#.. ..#.. .###.',
  '.###. #...# ....# ...#. ..#.. .#... #####',
  '.###. #...# ....# ..##. ....# #...# .###.',
  '...#. ..##. .#.#. #..#. ##### ...#. ...#.',
  '##### #.... ####. ....# ....# #...# .###.',
  '.###. #.... #.... ####. #...# #...# .###.',
  '##### ....# ...#. ..#.. ..#.. .#... .#...',
  '.###. #...# #...# .###. #...# #...# .###.',
  '.###. #...# #...# .#### ....# ....# .###.',
];

/**
 * The ten digits as glyphs of 5×7 dots. Each dot is a square of as many pixels as fit, and the glyph is in the middle.
 *
 * @param side - Of the images in pixels, 7 or more.
 * @throws RangeError for a smaller side.
 */
export function glyphDigits(side: number): DigitImages {
  const scale = Math.floor(side / rows);
  if (scale < 1) throw new RangeError(`glyphs need ${rows} pixels, and there are ${side}`);
  const [top, left] = [rows, columns].map((dots) => Math.floor((side - dots * scale) / 2)) as [number, number];
  const images = glyphs.map((glyph) => {
    const lines = glyph.split(' ');
    const image = new Float32Array(side * side);
    for (let y = 0; y < rows * scale; y++) {
      for (let x = 0; x < columns * scale; x++) {
        const lit = lines[Math.floor(y / scale)]![Math.floor(x / scale)] === '#';
        image[(top + y) * side + left + x] = lit ? 1 : 0;
      }
    }
    return image;
  });
  return { side, images };
}
