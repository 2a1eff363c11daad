import { readMetrics } from '../../src/checkpoints/metrics.js';
import { loadConfig } from '../../src/config/load.js';
import { readAnnotations } from '../../src/data/annotations/read-annotations.js';
import { loadClips } from '../../src/data/clips.js';
import { loadDataset } from '../../src/data/dataset.js';
import { readCsvMatrix } from '../../src/data/features/csv-matrix.js';
import { FeatureFolder } from '../../src/data/features/feature-folder.js';
import { readVideoScores } from '../../src/data/scores/video-scores.js';
import { evaluateDetections } from '../../src/evaluation/detections.js';
import { readDetections, readGroundTruth } from '../../src/evaluation/result-files.js';
import type { GroundTruth } from '../../src/evaluation/types.js';
import { readMatrix } from '../../src/stages/features/read-matrix.js';
import { mutated } from './mutate.js';
import type { Parser } from './parser.js';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const annotations = [
  { segment: [1.5, 9], label: 'jump' },
  { segment: [12, 13], label: 'run' },
];
const measured = { fps: 25, frames: 750, width: 64, height: 48, path: 'a.mp4', duration: 30 };
const truth = { version: '1.3', database: { v_a: { subset: 'validation', ...measured, annotations } } };
const results = { v_a: annotations.map((annotation) => ({ ...annotation, score: 0.5 })) };
const judged: GroundTruth = {
  database: { v_a: { subset: 's', annotations: [{ segment: [0, 9], label: 'jump' }] } },
};
const table = Buffer.from('video,start,end,label,subset\na,1,2,jump,training\nb,00:01,1:02.5,run,validation\n');
const config = Buffer.from(
  'seed: 1\ndata:\n  labels: { a: b, c: null }\n  fps: 10\nencoder: &e { type: resnet18, width: 8 }\n' +
    'full: { snippets: 24, size: 48 }\njoint:\n  shapes:\n    - { snippets: 8, size: 48 }\n',
);

const one = (name: string, good: Buffer, read: (file: string) => unknown): Parser => ({
  files: (random) => ({ [name]: mutated(good, random, true) }),
  read: (at) => read(at(name)),
});

/** Readers of JSON, CSV and YAML. */
export const textParsers: Readonly<Record<string, Parser>> = {
  predictions: one('p.json', json({ version: '1', results }), (file) =>
    evaluateDetections(judged, readDetections(file), { subset: 's', tiou: [0.5, 0.75] }),
  ),
  'ground truth': one('g.json', json(truth), readGroundTruth),
  dataset: one('d.json', json(truth), loadDataset),
  'annotations of ActivityNet': one('a.json', json(truth), (file) => readAnnotations('activitynet', file)),
  'class scores': one(
    's.json',
    json({ results: { a: [0.1, 0.9], b: [0.5, 0.5] }, class: ['x', 'y'] }),
    readVideoScores,
  ),
  'annotation table': one('a.csv', table, (file) => readAnnotations('csv', file)),
  'list of clips': one('c.csv', Buffer.from('path,label,subset\na.mp4,jump,training\nb.mp4,run,\n'), loadClips),
  'csv matrix': one('m.csv', Buffer.from('f0,f1\n0.5,-1e-3\n2,3\n'), readCsvMatrix),
  'feature folder': {
    files: (random) => ({ [`v_${random.below(9)}.csv`]: mutated(Buffer.from('1,2\n3,4\n'), random, true) }),
    read: (at) => {
      const folder = new FeatureFolder(at('.'), ['.csv']);
      for (let i = 0; i < 9; i++) {
        const file = folder.find(String(i));
        if (file !== null) readMatrix(file);
      }
    },
  },
  'metrics.jsonl': one('m.jsonl', Buffer.from('{"stage":"joint","step":1,"loss":0.5}\n{"step":2}\n'), readMetrics),
  configuration: one('c.yaml', config, loadConfig),
};
