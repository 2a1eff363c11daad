import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { inParallel } from '../../src/system/parallel.js';
import { allCombinations } from '../../tools/videos/combinations.js';
import { judge } from '../../tools/videos/judge.js';
import { makeVideo } from '../../tools/videos/make.js';
import { temporaryFolder } from '../support/temporary.js';

/** A codec for each container; docs/videos.md has all of them. */
const pairs = [
  ...['mp4 h264', 'mov prores', 'mkv hevc', 'webm vp9', 'ts h264'],
  ...['avi mpeg4', 'mpg mpeg2', 'wmv wmv2', 'ogv theora', 'gif gif'],
];

const folder = temporaryFolder();

test('frames, times and sizes of each kind of video are those of an independent reading', async () => {
  const chosen = allCombinations().filter(({ container, codec }) => pairs.includes(`${container.name} ${codec.name}`));
  const verdicts = await inParallel(chosen, async (combination, i) => {
    const own = path.join(folder, String(i));
    mkdirSync(own);
    const file = makeVideo(own, combination);
    return file === null ? 'absent' : await judge(file, combination);
  });
  const named = chosen.map(({ container, codec, oddity }, i) => [
    `${container.name} ${codec.name} ${oddity}`,
    verdicts[i]!,
  ]);
  assert.deepEqual(
    named.filter(([, verdict]) => verdict!.startsWith('wrong')),
    [],
  );
  const verdictOf = Object.fromEntries(named) as Record<string, string>;
  for (const oddity of ['plain', 'offset', 'variable rate', 'rotated', 'wide pixels', 'two streams', 'cut off'])
    assert.equal(verdictOf[`mp4 h264 ${oddity}`], 'right', oddity);
  for (const container of ['ts h264', 'avi mpeg4', 'wmv wmv2', 'ogv theora', 'webm vp9'])
    if (verdictOf[`${container} plain`] === 'right')
      assert.equal(verdictOf[`${container} cut off`], 'right', container);
});
