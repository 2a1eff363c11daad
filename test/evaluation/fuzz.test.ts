import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { randomStream } from '../../src/engine/random.js';
import { evaluateDetections } from '../../src/evaluation/detections.js';
import { readGroundTruth, readPredictions } from '../../src/evaluation/result-files.js';
import { presets } from '../../src/evaluation/tiou.js';
import { UsageError } from '../../src/system/errors.js';
import { flippedBits, hostileToken, rewrite } from '../support/mutations.js';
import { temporaryFolder } from '../support/temporary.js';

const mutations = 400;

const truth = {
  version: 'VERSION 1.3',
  database: {
    v_a: { subset: 'validation', duration: 30, annotations: [{ segment: [1.5, 9], label: 'jump' }] },
    'v_b ../x': { subset: 'validation', duration: 12.5, annotations: [{ segment: [0, 3], label: 'run' }] },
    v_c: { subset: 'training', duration: 8, annotations: [] },
  },
};
const predictions = {
  version: 'VERSION 1.3',
  results: {
    v_a: [
      { segment: [1, 8.5], score: 0.9, label: 'jump' },
      { segment: [20, 22], score: 1e-3, label: 'run' },
    ],
    'v_b ../x': [{ segment: [0, 2.75], score: 0.25, label: 'run' }],
  },
};

for (const [name, good] of Object.entries({ 'ground truth': truth, predictions })) {
  test(`${name}: ${mutations} seeded mutations are each evaluated, or refused in a line with the file`, (t) => {
    const folder = temporaryFolder(t);
    const file = (of: string) => path.join(folder, `${of}.json`);
    rewrite(file('ground truth'), JSON.stringify(truth));
    rewrite(file('predictions'), JSON.stringify(predictions));
    const text = JSON.stringify(good, null, 1);
    let refused = 0;
    for (let i = 0; i < mutations; i++) {
      const random = randomStream(10, 'fuzz', name, i);
      const kind = random.below(3);
      const bytes = Buffer.from(text);
      const mutated =
        kind === 0
          ? hostileToken(text, random)
          : kind === 1
            ? flippedBits(bytes, bytes.length, random)
            : bytes.subarray(0, random.below(bytes.length));
      rewrite(file(name), mutated);
      try {
        const read = readGroundTruth(file('ground truth'));
        const { tiou } = presets.activitynet;
        const { average_mAP } = evaluateDetections(read, readPredictions(file('predictions')), {
          subset: 'validation',
          tiou,
          missing: 'skip',
        });
        assert.ok(Number.isNaN(average_mAP) || (average_mAP >= 0 && average_mAP <= 1), `mutation ${i}: ${average_mAP}`);
      } catch (error) {
        const input = `mutation ${i}: ${String(mutated)}`;
        assert.ok(error instanceof UsageError, `${input}\n${String((error as Error).stack)}`);
        assert.match(error.message, /^[^\p{Cc}\u2028\u2029]{10,700}$/u, input);
        refused++;
      }
    }
    assert.ok(refused > mutations / 10 && refused < mutations, `${refused} of ${mutations} were refused`);
  });
}
