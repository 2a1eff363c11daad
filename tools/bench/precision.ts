/**
 * Compares the encoder's gradients in bfloat16 with those in float32 on a reference case: cosines over its parameters,
 * of our code and, where `$PYTHON` has torch, of PyTorch (`peers/precision.py`). Prints one JSON line each.
 *
 *   npx tsx tools/bench/precision.ts CASE.json
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { startEngine } from '../../src/engine/backend.js';
import { cosines, goldenCase, goldenPass } from './golden-case.js';

const file = process.argv[2];
if (!file) throw new Error('usage: tools/bench/precision.ts CASE.json');
await startEngine();
const golden = goldenCase(file);
// The first pass is not measured, because it also moves the parameters to the engine.
goldenPass(golden, 'float32');
const full = goldenPass(golden, 'float32');
const half = goldenPass(golden, 'bfloat16');
const sorted = [...cosines(full.gradients, half.gradients).values()].sort((a, b) => a - b);
const line = {
  what: 'lofi, bfloat16',
  least: sorted[0]!,
  median: sorted[sorted.length >> 1]!,
  atLeast99: sorted.filter((cosine) => cosine >= 0.99).length,
  parameters: sorted.length,
  kept: half.keptBytes / full.keptBytes,
};
process.stdout.write(`${JSON.stringify(line)}\n`);

const python = process.env['PYTHON'] ?? 'python3';
if (spawnSync(python, ['-c', 'import torch, torchvision, safetensors']).status === 0)
  spawnSync(python, [path.join(import.meta.dirname, 'peers', 'precision.py'), file], { stdio: 'inherit' });
else process.stderr.write(`${python} has no torch, torchvision and safetensors: ours alone\n`);
