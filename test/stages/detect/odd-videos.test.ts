import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { startEngine } from '../../../src/engine/backend.js';
import type { DetectedVideo, Failure } from '../../../src/evaluation/detected-video.js';
import { writeDetections } from '../../../src/report/detections/write-detections.js';
import { detectFiles } from '../../../src/stages/detect/detect-files.js';
import { captureStderr } from '../../support/checkpoints.js';
import { randomModel } from '../../support/random-model.js';
import { ffmpeg, testVideo } from '../../support/videos.js';
import { temporaryFolder } from '../../support/temporary.js';

await startEngine();
const folder = temporaryFolder();
const file = (name: string) => path.join(folder, name);
const model = randomModel(3);
after(() => {
  model[Symbol.dispose]();
});
// Without loss, so that frames with other times are the same pictures.
const codec = ['libx264', '-qp', '0', '-g', '25'];
const even = testVideo(file('even.mp4'), { seconds: 4, codec });

const found = async (...paths: string[]) => {
  const all: (DetectedVideo | Failure)[] = [];
  for await (const one of detectFiles(model, paths)) all.push(one);
  return all;
};
const detections = async (video: string) => ((await found(video)) as [DetectedVideo])[0].detections;

/** Compares detections with those in the even video, whose times `moved` moves. */
async function assertMoved(video: string, moved: (seconds: number) => number): Promise<void> {
  const [before, now] = [await detections(even), await detections(video)];
  assert.ok(before.length > 10);
  assert.equal(now.length, before.length);
  before.forEach(({ score, segment: [start, end] }, i) => {
    assert.equal(now[i]!.score, score);
    const [from, to] = now[i]!.segment;
    assert.ok(Math.abs(from - moved(start)) < 2e-3 && Math.abs(to - moved(end)) < 2e-3, `${from}-${to} of ${video}`);
  });
}

for (const container of ['mp4', 'mov', 'mkv', 'ts']) {
  test(`${container}: what is found in a picture that begins late is found that much later`, async () => {
    const late = file(`late.${container}`);
    const sound = ['-f', 'lavfi', '-i', 'sine=d=7'];
    ffmpeg('-itsoffset', '2.5', '-i', even, ...sound, '-map', '0:v', '-map', '1:a', '-c:v', 'copy', late);
    const [{ duration }] = (await found(late)) as [DetectedVideo];
    const start = duration - 4;
    assert.ok(Math.abs(start - 2.5) < 0.1, `${start} s`);
    await assertMoved(late, (seconds) => seconds + start);
  });
}

test('at a variable rate, what is found lies at the times of its frames', async (t) => {
  // The first 50 frames are shown for 0.06 s each, the other 50 for 0.02 s.
  const filter = "settb=1/100,setpts='if(lt(N,50),6*N,300+2*(N-50))'";
  const uneven = file('uneven.mkv');
  ffmpeg('-i', even, '-vf', filter, '-fps_mode', 'passthrough', '-enc_time_base', '1/100', '-c:v', ...codec, uneven);
  const stderr = captureStderr(t);
  await assertMoved(uneven, (seconds) => (seconds < 2 ? 1.5 * seconds : 3 + 0.5 * (seconds - 2)));
  assert.match(stderr.join(''), /warning: uneven: variable frame rate: /);
});

test('damage is said, and stands in the results and on the page', async (t) => {
  const whole = testVideo(file('whole.mp4'), { seconds: 4, codec: ['libx264', '-movflags', '+faststart'] });
  const bytes = readFileSync(whole);
  writeFileSync(file('cut.mp4'), bytes.subarray(0, bytes.length / 2));
  const stderr = captureStderr(t);
  const out = file('out');
  const failures = await writeDetections(
    { folder: out, formats: ['html'], minScore: null },
    detectFiles(model, [file('cut.mp4')]),
  );
  assert.deepEqual(failures, []);
  assert.match(stderr.join(''), /warning: cut: damaged: .* its container says 4 s/);
  const { warnings } = JSON.parse(readFileSync(path.join(out, 'detections.json'), 'utf8')) as {
    warnings: Record<string, string[]>;
  };
  assert.match(warnings['cut']![0]!, /^damaged: .* its container says 4 s$/);
  assert.match(readFileSync(path.join(out, 'cut.html'), 'utf8'), /damaged: .* its container says 4 s/);
});

test('one bad entry of a folder does not stop the others', async () => {
  const batch = file('batch');
  const long = `${'n'.repeat(240)}.mp4`;
  mkdirSync(path.join(batch, 'folder.mp4'), { recursive: true });
  for (const name of ['a.mp4', 'z.mp4', long]) copyFileSync(even, path.join(batch, name));
  symlinkSync(path.join(batch, 'nothing'), path.join(batch, 'dangling.mp4'));
  symlinkSync('loop.mp4', path.join(batch, 'loop.mp4'));
  symlinkSync('/dev/zero', path.join(batch, 'device.mp4'));
  execFileSync('mkfifo', [path.join(batch, 'pipe.mp4'), path.join(batch, 'pipe')]);
  const formats = ['html', 'srt', 'vtt', 'csv'] as const;
  const out = file('batch-out');
  const failures = await writeDetections({ folder: out, formats, minScore: null }, detectFiles(model, [batch]));
  assert.deepEqual(
    failures.map(({ id }) => id),
    ['dangling', 'device', 'loop', 'pipe'],
  );
  for (const { id, reason } of failures) assert.match(reason, /No such file|symbolic links|not a regular file/, id);
  const { results } = JSON.parse(readFileSync(path.join(out, 'detections.json'), 'utf8')) as { results: object };
  assert.deepEqual(Object.keys(results).sort(), ['a', 'n'.repeat(240), 'z']);
  for (const format of formats) assert.ok(readFileSync(path.join(out, `z.${format}`)).length > 0, format);
});
