import { UsageError } from '../../system/errors.js';
import { readNpyMatrix } from '../features/npy.js';
import type { VideoScores } from './scores.js';

/**
 * The classes of THUMOS14's detection task by their numbers, from 1, among UCF-101's classes (its `detclasslist.txt`;
 * `type_idx` of G-TAD's tables).
 */
export const thumosClasses: Readonly<Record<number, string>> = {
  7: 'BaseballPitch',
  9: 'BasketballDunk',
  12: 'Billiards',
  21: 'CleanAndJerk',
  22: 'CliffDiving',
  23: 'CricketBowling',
  24: 'CricketShot',
  26: 'Diving',
  31: 'FrisbeeCatch',
  33: 'GolfSwing',
  36: 'HammerThrow',
  40: 'HighJump',
  45: 'JavelinThrow',
  51: 'LongJump',
  68: 'PoleVault',
  79: 'Shotput',
  85: 'SoccerPenalty',
  92: 'TennisSwing',
  93: 'ThrowDiscus',
  97: 'VolleyballSpiking',
};

const columns = 101;

/**
 * Reads UntrimmedNet's scores of THUMOS14's test videos in their usual form (`uNet_test.npy`, floats
 * [1574, 101]): row n - 1 belongs to video_test_000000n, column k - 1 to class k of UCF-101. Only the classes of
 * the detection task are returned.
 *
 * @throws UsageError when the array has another shape, or a score is negative.
 */
export function readUntrimmedNet(file: string): VideoScores {
  const { data, shape } = readNpyMatrix(file);
  const [rows, width] = shape;
  if (width !== columns)
    throw new UsageError(`${file}: ${rows} × ${width}; expected one row per test video and ${columns} columns`);
  const classes = Object.entries(thumosClasses).map(([number, label]) => ({ label, column: Number(number) - 1 }));
  return new Map(
    Array.from({ length: rows }, (_, row) => {
      const scores = classes.map(({ label, column }) => ({ label, score: data[row * columns + column]! }));
      if (scores.some(({ score }) => score < 0))
        throw new UsageError(`${file}: row ${row + 1}: negative scores; probabilities expected, not logits`);
      return [`video_test_${String(row + 1).padStart(7, '0')}`, scores];
    }),
  );
}
