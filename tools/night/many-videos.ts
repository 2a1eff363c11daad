/**
 * Whether the memory of `pretext` grows with the number of videos without labels: runs the stage, features included, on
 * folders of so many short videos, each in a process of its own, and prints the largest resident size of each as one
 * JSON line, with the time it took. Each video has 2 s of 64 × 48 pixels. They are copies of one, which changes nothing
 * for the stage.
 *
 *   npx tsx tools/night/many-videos.ts [--videos 100,1000] [--out /tmp/many]
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import yargs from 'yargs';
import { loadConfig } from '../../src/config/load.js';
import { runStages } from '../../src/stages/pipeline.js';
import { withRun } from '../../src/stages/run/run.js';
import { printJson } from '../../src/system/say.js';
import { findFfmpeg } from '../../src/video/ffmpeg.js';

const args = yargs(process.argv.slice(2))
  .options({
    videos: { type: 'string', default: '100,1000', requiresArg: true, describe: 'numbers of videos' },
    out: { type: 'string', default: 'runs/many-videos', requiresArg: true },
    measure: { type: 'string', hidden: true, describe: 'measures one run of this process on the folder' },
  })
  .strict()
  .parseSync();

if (args.measure === undefined) {
  mkdirSync(args.out, { recursive: true });
  const video = path.join(args.out, 'video.mp4');
  const pictures = ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=2', '-pix_fmt', 'yuv420p'];
  execFileSync(findFfmpeg().path, ['-loglevel', 'error', '-y', ...pictures, video]);
  for (const count of args.videos.split(',').map(Number)) {
    const folder = path.join(args.out, String(count));
    mkdirSync(folder, { recursive: true });
    for (let i = 0; i < count; i++) cpSync(video, path.join(folder, `${i}.mp4`));
    const self = ['--import', 'tsx', import.meta.filename, '--out', args.out, '--measure', folder];
    const line = execFileSync(process.execPath, self, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    printJson({ videos: count, ...(JSON.parse(line) as object) });
  }
} else {
  const { config } = loadConfig('configs/tiny.yaml', [
    ...['data.synthetic=null', `data.unlabelled=${args.measure}`, 'pretrain.epochs=0', 'full.size=32'],
    ...['pretext.past=8', 'pretext.future=4', 'pretext.epochs=2', 'model.lstm.units=32'],
  ]);
  const start = performance.now();
  await withRun(`${args.measure} run`, config, {}, (run) => runStages(run, ['pretext']));
  const seconds = Math.round((performance.now() - start) / 1000);
  printJson({ peak_gib: Number((process.resourceUsage().maxRSS / 2 ** 20).toFixed(3)), seconds });
}
