import { readFileSync } from 'node:fs';
import path from 'node:path';
import { encodeSafetensors } from '../../src/checkpoints/formats/safetensors.js';
import { parseStrictJson } from '../../src/checkpoints/formats/strict-json.js';
import { readTfjsWeights } from '../../src/checkpoints/formats/tfjs-layers.js';
import { readTorchFile } from '../../src/checkpoints/formats/torch-file.js';
import { readNpyMatrix } from '../../src/data/features/npy.js';
import { readNpzMatrix } from '../../src/data/features/npz.js';
import { readIdxImages } from '../../src/data/synth/digits/mnist-images.js';
import { zipMembers } from '../../src/system/files/zip.js';
import { readMatrix } from '../../src/stages/features/read-matrix.js';
import { readEncoderWeights } from '../../src/stages/weights/encoder-weights.js';
import { UsageError } from '../../src/system/errors.js';
import { idxImages } from '../support/digits.js';
import { npy, npz, safetensors } from '../support/feature-files.js';
import { zip } from '../support/zip.js';
import { mutated } from './mutate.js';
import type { Parser } from './parser.js';

const matrix = { data: Float32Array.from({ length: 12 }, (_, i) => i / 8 - 1), shape: [3, 4] as const };
const fixture = (name: string) => readFileSync(path.resolve(import.meta.dirname, '../fixtures', name));

const checkpoint = zipMembers(fixture('torch/checkpoint.pth'), 'checkpoint.pth').map(({ name, read }) => ({
  name,
  content: read(),
}));
const shard = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
const weightsManifest = [{ paths: ['w.bin'], weights: [{ name: 'a', shape: [2, 3], dtype: 'float32' }] }];

function readAll(file: string): void {
  const { entries, read } = readTorchFile(file);
  for (const { name } of entries) read(name);
}

/** Readers of binary formats. */
export const binaryParsers: Readonly<Record<string, Parser>> = {
  npy: {
    files: (random) => ({ 'a.npy': mutated(npy(matrix), random, true) }),
    read: (at) => readNpyMatrix(at('a.npy')),
  },
  'npz, damaged': {
    files: (random) => ({ 'a.npz': mutated(npz({ feats: npy(matrix), b: npy(matrix) }), random, false) }),
    read: (at) => readNpzMatrix(at('a.npz')),
  },
  'npz with a damaged array': {
    files: (random) => ({
      'a.npz': zip([{ name: 'a.npy', content: mutated(npy(matrix), random, true), deflate: random.below(2) > 0 }]),
    }),
    read: (at) => readNpzMatrix(at('a.npz')),
  },
  'images of digits': {
    files: (random) => ({
      digits: mutated(idxImages([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]), random, true),
    }),
    read: (at) => readIdxImages(at('digits')),
  },
  safetensors: {
    files: (random) => ({ 'a.safetensors': mutated(safetensors(matrix), random, true) }),
    read: (at) => readMatrix(at('a.safetensors')),
  },
  'weights as safetensors': {
    files: (random) => {
      const tensors = new Map([['conv1.weight', { dtype: 'F32' as const, ...matrix }]]);
      return { 'a.safetensors': mutated(Buffer.concat(encodeSafetensors(tensors, { a: 'b' })), random, true) };
    },
    read: (at) => readEncoderWeights(at('a.safetensors')),
  },
  'pth, damaged': {
    files: (random) => ({ 'a.pth': mutated(fixture('torch/checkpoint.pth'), random, false) }),
    read: (at) => {
      readAll(at('a.pth'));
    },
  },
  'pth with a damaged pickle': {
    files: (random) => ({
      'a.pth': zip(
        checkpoint.map(({ name, content }) => ({
          name,
          content: name.endsWith('data.pkl') ? mutated(content, random, false) : content,
        })),
      ),
    }),
    read: (at) => {
      readAll(at('a.pth'));
    },
  },
  'pth of before PyTorch 1.6': {
    files: (random) => ({ 'a.pth': mutated(fixture('torch/bare.pth'), random, false) }),
    read: (at) => {
      readAll(at('a.pth'));
    },
  },
  'tfjs layers': {
    files: (random) => {
      const model = Buffer.from(JSON.stringify({ modelTopology: {}, weightsManifest }));
      return random.below(4) > 0
        ? { 'model.json': mutated(model, random, true), 'w.bin': shard }
        : { 'model.json': model, 'w.bin': mutated(shard, random, false) };
    },
    read: (at) => readTfjsWeights(at('model.json')),
  },
  'strict JSON': {
    files: (random) => ({ 'a.json': mutated(Buffer.from(JSON.stringify({ a: [1, { b: 'c' }] })), random, true) }),
    read: (at) => {
      try {
        parseStrictJson(readFileSync(at('a.json')), 4);
      } catch (error) {
        // Its callers put the file's name in front.
        throw error instanceof Error && error.constructor === Error ? new UsageError(error.message) : error;
      }
    },
  },
};
