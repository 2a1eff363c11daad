/**
 * Compares models without labels (`SequenceAutoencoder`) on videos of a moving digit: 6 frames of 16 pixels are seen,
 * and 6 more are to be predicted (see digits/study-digits.ts).
 *
 *   npx tsx tools/toys/moving-digits.ts [--seeds 3] [--json] [--plot docs/images/toy-moving-digits.svg]
 *
 * Prints the losses on 500 held-out videos in nats a frame: a table of means and standard deviations over the seeds, or
 * with --json one array of {arm, seed, reconstruction, future}. These are what an unconditioned decoder makes. A
 * conditional one reconstructs by true frames and predicts by its own; what it does the other way round is
 * `reconstruction_free` and `future_forced`. --plot draws frames of the composite model of the first seed.
 */
import { startEngine } from '../../src/engine/backend.js';
import { writeFileAtomic } from '../../src/system/files/files.js';
import { say } from '../../src/system/say.js';
import { runTool } from '../run-tool.js';
import { toyArguments } from './common/arguments.js';
import { digitsPicture, framesOf, type FrameRow } from './digits/digits-picture.js';
import { printDigits } from './digits/digits-table.js';
import { studyDigits, usualEffort } from './digits/study-digits.js';

await runTool(async () => {
  const { seeds, json, plot } = toyArguments(process.argv.slice(2), 3);
  await startEngine();
  let picture: FrameRow[] = [];
  const results = studyDigits(seeds, usualEffort, say, (trained, seed) => {
    if (seed === seeds[0] && trained.arm === 'composite') picture = framesOf(trained, 3);
  });
  printDigits(results, json);
  if (plot !== undefined) writeFileAtomic(plot, digitsPicture(picture));
});
