import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { holdsVideo } from '../../src/video/holds-video.js';
import { ffmpeg, testVideo } from '../support/videos.js';
import { temporaryFolder } from '../support/temporary.js';

const root = temporaryFolder();
const clip = testVideo(path.join(root, 'clip.mp4'), { seconds: 0.4 });
const transport = testVideo(path.join(root, 'clip.ts'), { seconds: 0.4 });
const picture = path.join(root, 'picture.jpg');
ffmpeg('-f', 'lavfi', '-i', 'testsrc2', '-frames:v', '1', '-f', 'image2', '-c:v', 'mjpeg', picture);
const sound = path.join(root, 'sound.wav');
ffmpeg('-f', 'lavfi', '-i', 'sine=d=0.4', sound);

test('ffmpeg says what holds video, whatever its name; text, sound and single pictures do not', async () => {
  const text = path.join(root, 'long.txt');
  writeFileSync(text, 'a line of a text that ffmpeg can show as a picture\n'.repeat(500));
  const nameless = path.join(root, 'nameless');
  copyFileSync(clip, nameless);
  for (const file of [clip, transport, nameless]) assert.equal(await holdsVideo(file), true, file);
  for (const file of [text, picture, sound, root, path.join(root, 'none')])
    assert.equal(await holdsVideo(file), false, file);
});
