import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { annotationFiles } from '../../src/data/annotations/tools/annotation-files.js';
import { findVideos } from '../../src/data/annotations/tools/find-videos.js';
import { mendedLabels } from '../../src/data/annotations/tools/mended-labels.js';
import { onTheClock } from '../../src/data/annotations/tools/on-the-clock.js';
import { readByContent } from '../../src/data/annotations/tools/read-by-content.js';
import { mutated } from './mutate.js';
import type { Parser } from './parser.js';

const home = path.resolve(import.meta.dirname, '../fixtures/annotations/tools');
const fixture = (name: string) => readFileSync(path.join(home, name));

/** Reads a file up to the labels of a dataset. */
function read(file: string): void {
  const { videos } = readByContent(annotationFiles([file]), { columns: {} });
  for (const video of findVideos(videos, null)) {
    const told = onTheClock(video, { fps: 20, frames: 600, duration: 30 });
    mendedLabels(told, { begin: 0, end: 30 }, 0.5);
  }
}

const one = (name: string, make: (bytes: Buffer) => Buffer = (bytes) => bytes): Parser => ({
  files: (random) => ({ 'file.x': make(mutated(fixture(name), random, true)) }),
  read: (at) => {
    read(at('file.x'));
  },
});

/** Readers of annotation tools' files, told by their content. */
export const toolParsers: Readonly<Record<string, Parser>> = {
  ...Object.fromEntries(
    [
      ...['boris/project.boris', 'boris/events.tsv', 'boris/events-7.csv', 'boris/bouts.csv', 'elan.eaf', 'via.json'],
      ...['via.csv', 'label-studio.json', 'hen 1.txt', 'hen 1.TextGrid', 'hen 1.srt', 'hen 1.vtt', 'detections.json'],
      ...['dataset.json', 'table.csv'],
    ].map((name) => [name, one(name)]),
  ),
  'gzipped project': one('boris/project.boris', (bytes) => gzipSync(bytes)),
  'damaged gzipped project': {
    files: (random) => ({ 'file.x': mutated(gzipSync(fixture('boris/project.boris')), random, false) }),
    read: (at) => {
      read(at('file.x'));
    },
  },
  // A row a frame takes long.
  DeepEthogram: { ...one('hen 1_labels.csv'), cases: 300 },
  'NOVA, scheme and lines': {
    files: (random) => {
      const name = 'nova/hen 1.behaviour.annotation';
      const [scheme, lines] = [fixture(name), fixture(`${name}~`)];
      const first = random.uniform() < 0.5;
      return {
        'h.annotation': first ? mutated(scheme, random, true) : scheme,
        'h.annotation~': first ? lines : mutated(lines, random, true),
      };
    },
    read: (at) => {
      read(at('h.annotation'));
    },
  },
};
