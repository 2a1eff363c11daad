import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readVideoScores, scoresOfVideos } from '../../../src/data/scores/video-scores.js';
import { randomStream } from '../../../src/engine/random.js';
import { UsageError } from '../../../src/system/errors.js';
import { flippedBits, hostileToken, rewrite } from '../../support/mutations.js';
import { temporaryFolder } from '../../support/temporary.js';

const folder = temporaryFolder();
const file = path.join(folder, 'scores.json');
const cuhk = { results: { abc: [0.25, 0.5], '-d': [1, 0] }, class: ['Archery', 'Ballet'] };
const task = {
  version: '1.3',
  results: { abc: [{ label: 'Ballet', score: 0.5 }], '-d': [{ label: 'Archery', score: 12.5 }] },
  external_data: {},
};
const read = (content: unknown) => {
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1));
  return readVideoScores(file);
};
const refused = (work: () => unknown, ...said: RegExp[]) => {
  assert.throws(work, (error) => {
    assert.ok(error instanceof UsageError, String((error as Error).stack));
    assert.match(error.message, /^[^\p{Cc}\u2028\u2029]{10,700}$/u);
    for (const part of said) assert.match(error.message, part);
    return true;
  });
};

describe('class scores of whole videos', () => {
  it("are read in CUHK's form and in that of ActivityNet's classification task", () => {
    assert.deepEqual(
      [...read(cuhk)],
      [
        [
          'abc',
          [
            { label: 'Archery', score: 0.25 },
            { label: 'Ballet', score: 0.5 },
          ],
        ],
        [
          '-d',
          [
            { label: 'Archery', score: 1 },
            { label: 'Ballet', score: 0 },
          ],
        ],
      ],
    );
    assert.deepEqual([...read(task)], Object.entries(task.results));
  });

  it('are refused with the line and the field', () => {
    const { results } = cuhk;
    refused(() => read({ results }), /scores\.json:1: no "class"/);
    refused(() => read({ ...cuhk, results: { abc: [1] } }), /:3: results\.abc: 1 scores for 2 classes/);
    refused(() => read({ ...cuhk, results: { abc: [1, -0.5] } }), /:5: results\.abc\[1\]/);
    refused(() => read({ ...cuhk, class: ['a', 'a'] }), /:14: class\[1\]: "a" is listed twice/);
    refused(() => read({ results: {} }), /results: no videos/);
    refused(() => read({ results: { abc: [] } }), /results\.abc/);
    refused(() => read({ class: ['a'] }), /results: expected an object/);
    refused(() => read('{"results": {"a": [NaN]}}'), /:1: file of class scores is not JSON/);
    const detections = { results: { abc: [{ label: 'a', score: 1, segment: [0, 1] }] } };
    refused(() => read(detections), /results\.abc\[0\]\.segment: a detection, not/);
    const twice = { results: { abc: [task.results.abc[0], task.results.abc[0]] } };
    refused(() => read(twice), /results\.abc\[1\]: "Ballet" is listed twice/);
    refused(() => readVideoScores(path.join(folder, 'none.json')), /none\.json/);
  });

  for (const [name, good] of Object.entries({ CUHK: cuhk, 'classification task': task })) {
    it(`${name}: 300 seeded mutations are each read or refused in a line`, () => {
      const text = JSON.stringify(good, null, 1);
      let bad = 0;
      for (let i = 0; i < 300; i++) {
        const random = randomStream(1, 'scores', name, i);
        rewrite(file, i % 2 === 0 ? hostileToken(text, random) : flippedBits(Buffer.from(text), text.length, random));
        try {
          for (const list of readVideoScores(file).values()) {
            assert.ok(list.every(({ label, score }) => label !== '' && Number.isFinite(score) && score >= 0));
          }
        } catch (error) {
          refused(() => {
            throw error;
          });
          bad++;
        }
      }
      assert.ok(bad > 30 && bad < 300, `${bad} refused`);
    });
  }
});

describe('scores of the videos of a dataset', () => {
  const fit = (videos: string[], classes: string[], missing: 'fail' | 'skip' = 'fail') =>
    scoresOfVideos(read(cuhk), videos, classes, { file: 'scores.json', missing });

  it('are found with and without v_, and hold its labels only', () => {
    const { scores, warnings } = fit(['v_abc', '-d'], ['Archery', 'Ballet']);
    assert.deepEqual(scores.get('v_abc'), read(cuhk).get('abc'));
    assert.deepEqual(scores.get('-d'), read(cuhk).get('-d'));
    assert.deepEqual(warnings, []);
    writeFileSync(file, JSON.stringify({ ...cuhk, results: { v_x: [1, 2] } }));
    assert.ok(scoresOfVideos(readVideoScores(file), ['x'], ['Ballet'], { file, missing: 'fail' }).scores.has('x'));
  });

  it('warn of the labels of one side, in a line each', () => {
    const { scores, warnings } = fit(['abc'], ['Ballet', 'Croquet\n']);
    assert.deepEqual(scores.get('abc'), [{ label: 'Ballet', score: 0.5 }]);
    assert.deepEqual(warnings, [
      'scores.json: labels without scores, never detected: Croquet?',
      'scores.json: labels that the dataset does not have, left out: Archery',
    ]);
    refused(() => fit(['abc'], ['Croquet']), /none of its labels is in the dataset: Archery, Ballet/);
  });

  it('are refused where a video has none, all of them in one line, or leave it out', () => {
    refused(() => fit(['abc', 'x', 'y'], ['Ballet']), /no scores for 2 of 3 videos .*: x, y$/);
    const many = Array.from({ length: 9 }, (_, i) => `m${i}`);
    refused(() => fit(many, ['Ballet']), /9 of 9 videos .*: m0, m1, m2, m3, m4 and 4 more/);
    const { scores, warnings } = fit(['abc', 'x'], ['Archery', 'Ballet'], 'skip');
    assert.deepEqual([...scores.keys()], ['abc']);
    assert.deepEqual(warnings, ["scores.json: no scores for 1 of 2 videos, labelled with the run's own classifier: x"]);
  });
});
