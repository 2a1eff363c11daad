import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it, test } from 'node:test';
import { encodeSafetensors } from '../../../src/checkpoints/formats/safetensors.js';
import { summarizeRun } from '../../../src/checkpoints/summary.js';
import type { TensorData } from '../../../src/checkpoints/formats/tensor.js';
import type { Config } from '../../../src/config/schema.js';
import { saveDataset, toDataset } from '../../../src/data/dataset.js';
import { transposed } from '../../../src/data/features/matrix.js';
import { rescaled } from '../../../src/data/features/rescale.js';
import { detectSubset } from '../../../src/stages/detect/detect.js';
import { openFeatures } from '../../../src/stages/features/open-features.js';
import { randomStream } from '../../../src/engine/random.js';
import { head } from '../../../src/stages/head/head-stage.js';
import { readMatrix } from '../../../src/stages/features/read-matrix.js';
import { stages } from '../../../src/config/stages.js';
import { withRun, type Run } from '../../../src/stages/run/run.js';
import { modelOfRun } from '../../../src/stages/detect/trained-model.js';
import { UsageError, WorkError } from '../../../src/system/errors.js';
import { flippedBits, rewrite } from '../../support/mutations.js';
import {
  annotations,
  channels,
  extractedRun,
  published,
  seededFeatures,
  writeAnnotations,
  writeFeatures,
} from '../../support/feature-runs.js';
import { csv, npy, npz, safetensors } from '../../support/feature-files.js';
import { done } from '../../support/done.js';
import { temporaryFolder } from '../../support/temporary.js';

const open = <T>(folder: string, config: Config, work: (run: Run) => T | Promise<T>) =>
  withRun(path.join(folder, 'run'), config, {}, async (run) => work(run));

/** The state of a trained head except for its origin. */
async function outcome(run: Run) {
  const { sha256, step } = await done(head, run);
  assert.deepEqual(await detectSubset(run, 'validation', run.folder), []);
  const { best } = run.store.manifest('head')!;
  return { sha256, step, best, detections: readFileSync(path.join(run.folder, 'detections.json'), 'utf8') };
}

/** The same videos as {@link annotations}, as if they had been measured. */
function measuredDataset(folder: string): string {
  const file = path.join(folder, 'dataset.json');
  const measured = { fps: 10, frames: 200, width: 64, height: 48 };
  const videos = Object.entries(annotations().database).map(([id, { subset, duration, annotations: list }]) => ({
    ...{ id, subset, duration, ...measured, path: path.join(folder, `${id}.mp4`) },
    instances: (list as { segment: [number, number]; label: string }[]).map(({ segment: [start, end], label }) => ({
      ...{ start, end, label },
    })),
  }));
  saveDataset(file, toDataset(videos));
  return file;
}

test('published features in each format train the same head, to the bit, as those of extract', async (t) => {
  const folder = temporaryFolder(t);
  writeAnnotations(folder);
  const own = await extractedRun(path.join(folder, 'own'), measuredDataset(folder));
  const expected = await outcome(own);
  own.close();
  assert.ok(expected.best!.value > 0, 'nothing was learnt');
  assert.ok(expected.detections.length > 1000);

  for (const [name, extension, encode] of [
    ['npy', '.npy', npy],
    ['npz', '.npz', (matrix) => npz({ feats: npy(matrix) })],
    ['csv', '.csv', csv],
    ['safetensors', '.safetensors', safetensors],
    ['columns', '.npy', (matrix) => npy(transposed(matrix))],
  ] as [string, string, Parameters<typeof writeFeatures>[2]][]) {
    writeFeatures(path.join(folder, name), extension, encode);
    const config = published(folder, name, { data: { annotations: 'annotations.json' } });
    const run = path.join(folder, `run ${name}`);
    assert.deepEqual(await withRun(run, config, {}, outcome), expected, name);
    const summary = summarizeRun(run, stages);
    assert.deepEqual(Object.keys(summary), ['segments', 'head']);
    assert.equal(summary.head!.sha256, expected.sha256);
  }
});

describe('a head on published features', () => {
  it('is out of date when they change, and finished when they only move', async (t) => {
    const folder = temporaryFolder(t);
    writeAnnotations(folder);
    writeFeatures(path.join(folder, 'a'), '.npy', npy);
    const first = await open(folder, published(folder, 'a'), outcome);
    writeFeatures(path.join(folder, 'b'), '.csv', csv);
    const steps = (run: Run) => readFileSync(run.log.file, 'utf8').split('\n').length;
    await open(folder, published(folder, 'b'), async (run) => {
      const before = steps(run);
      assert.deepEqual(await outcome(run), first);
      assert.equal(steps(run), before, 'it was trained again');
    });
    const [[id, { data, shape }]] = [...seededFeatures()] as [
      [string, { data: Float32Array; shape: [number, number] }],
    ];
    writeFileSync(path.join(folder, 'b', `${id}.csv`), csv({ data: data.map((value) => value / 2), shape }));
    await open(folder, published(folder, 'b'), async (run) => {
      await assert.rejects(
        detectSubset(run, 'validation', folder),
        /head is not finished in .*: run `lofi head` first/,
      );
      assert.notEqual((await outcome(run)).sha256, first.sha256);
    });
  });

  it('takes no video files', async (t) => {
    const folder = temporaryFolder(t);
    writeAnnotations(folder);
    writeFeatures(path.join(folder, 'a'), '.npy', npy);
    await open(folder, published(folder, 'a'), (run) => {
      assert.throws(
        () => modelOfRun(run),
        new UsageError(
          `${run.folder} was trained on published features and has no encoder for video files: give --subset`,
        ),
      );
    });
  });
});

test('rows are rescaled to the snippets of the head, or stay where it sees windows', async (t) => {
  const folder = temporaryFolder(t);
  writeAnnotations(folder);
  const raw = new Map(
    [...seededFeatures(20)].map(([id, { data }], i) => {
      const rows = 20 - (i % 3);
      return [id, { data: data.slice(0, rows * channels), shape: [rows, channels] as const }];
    }),
  );
  writeFeatures(path.join(folder, 'a'), '.npy', npy, raw);
  await open(folder, published(folder, 'a'), (run) => {
    const source = openFeatures(run);
    assert.equal(source.channels, channels);
    for (const [id, matrix] of raw) assert.deepEqual(source.get(id), rescaled(matrix, 16), id);
  });
  const windows = { model: { window: { snippets: 8, every: 10 } } };
  await open(folder, published(folder, 'a', windows), (run) => {
    const source = openFeatures(run);
    for (const [id, matrix] of raw) assert.deepEqual(source.get(id), matrix, id);
  });
  // For measured videos the number of frames is known.
  const measured = { data: { annotations: null, dataset: measuredDataset(folder) } };
  const at = (every: number) =>
    open(folder, published(folder, 'a', { ...measured, model: { window: { snippets: 8, every } } }), openFeatures);
  await at(10);
  await assert.rejects(
    at(16),
    /20 rows, one every 16 frames \(model\.window\.every\), for a video of 200 frames: set it to about 10/,
  );
});

describe('.safetensors', () => {
  const matrix = { data: Float32Array.of(1, -2, 0.5, 4, 5, 6), shape: [2, 3] as const };
  const written = (t: it.TestContext, bytes: Uint8Array) => {
    const file = path.join(temporaryFolder(t), 'x.safetensors');
    writeFileSync(file, bytes);
    return file;
  };

  it('of several tensors the one called features, in whatever precision', (t) => {
    const wide = { dtype: 'F64', shape: [1, 2, 3], data: Float64Array.from(matrix.data) } as const;
    const other = { dtype: 'F32', ...matrix } as const;
    const bytes = (name: string) =>
      Buffer.concat(
        encodeSafetensors(
          new Map<string, TensorData>([
            [name, wide],
            ['b', other],
          ]),
        ),
      );
    assert.deepEqual(readMatrix(written(t, bytes('features'))), matrix);
    assert.throws(() => readMatrix(written(t, bytes('a'))), {
      message: /several arrays could be the features: a \[1,2,3\], b/,
    });
  });

  it('300 seeded mutations are each read or refused in a line', (t) => {
    const good = safetensors(matrix);
    const file = written(t, good);
    let bad = 0;
    for (let i = 0; i < 300; i++) {
      const random = randomStream(1, 'features', 'safetensors', i);
      const bytes = flippedBits(good, good.length, random);
      rewrite(file, i % 3 === 0 ? bytes.subarray(0, random.below(good.length)) : bytes);
      try {
        const { data, shape } = readMatrix(file);
        assert.equal(data.length, shape[0] * shape[1]);
        assert.ok(data.length <= 6 && data.every(Number.isFinite));
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, /^[^\p{Cc}\u2028\u2029]{10,700}$/u);
        bad++;
      }
    }
    assert.ok(bad > 100, `${bad} refused`);
  });
});

describe('files that do not fit', () => {
  /** Features that `spoil` was done to. */
  const opened = async (
    t: it.TestContext,
    spoil: (folder: string, file: (i: number) => string) => void,
    data: object = {},
  ) => {
    const folder = temporaryFolder(t);
    writeAnnotations(folder);
    const features = writeFeatures(path.join(folder, 'a'), '.npy', npy);
    spoil(features, (i) => path.join(features, `-v${i} é.npy`));
    return open(folder, published(folder, 'a', { data }), (run) => {
      const source = openFeatures(run);
      return {
        training: source.videos('training').map(({ id }) => id),
        validation: source.videos('validation').length,
      };
    });
  };
  const small = { data: new Float32Array(16 * 8), shape: [16, 8] } as const;

  it('missing ones stop the work, or are left out', async (t) => {
    const spoil = (_: string, file: (i: number) => string) => {
      rmSync(file(1));
      rmSync(file(7));
    };
    await assert.rejects(opened(t, spoil), {
      name: WorkError.name,
      message: /1 of 6 training videos have no feature file in .*: -v1 é\. Complete them, or set data\.missing=skip/,
    });
    assert.deepEqual(await opened(t, spoil, { missing: 'skip' }), {
      training: [0, 2, 3, 4, 5].map((i) => `-v${i} é`),
      validation: 2,
    });
  });

  it('others are refused by name', async (t) => {
    const refused = async (spoil: Parameters<typeof opened>[1], said: RegExp, data: object = {}) => {
      await assert.rejects(opened(t, spoil, data), { name: UsageError.name, message: said });
    };
    await refused(
      (_, file) => {
        writeFileSync(file(2), npy(small));
      },
      /different numbers of channels: .*v0 é\.npy is 16 × 64, .*v2 é\.npy is 16 × 8$/,
      {
        featureLayout: 'rows',
      },
    );
    await refused(
      (_, file) => {
        writeFileSync(file(8), 'no array');
      },
      /v8 é\.npy: it does not begin like one/,
      {
        missing: 'skip',
      },
    );
    const nan = { ...small, data: small.data.map(() => NaN) };
    await refused((_, file) => {
      writeFileSync(file(8), npy(nan));
    }, /v8 é\.npy: row 1, column 1 is NaN/);
    await refused((folder) => {
      writeFileSync(path.join(folder, '-v3 é.csv'), '1,2\n');
    }, /keep only one of -v3 é\.csv and -v3 é\.npy$/);
    await refused((folder) => {
      rmSync(folder, { recursive: true });
    }, /folder of features not readable: .*a \(ENOENT\)/);
  });
});
