import { execFile, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const tool = new URL('../../tools/bench/pyramid.ts', import.meta.url).pathname;
const python = process.env['PYTHON'];
const missing =
  (!python && 'PYTHON is not set') ||
  (spawnSync(python as string, ['-c', 'import torch, safetensors']).status !== 0 && 'no torch and safetensors');

// The tool exits with 1 if an output, a term of the loss or a gradient differs from PyTorch's by more than 1e-4.
for (const flags of [[], ['--blocks=conv'], ['--window=-1', '--snippets=100']])
  test(`the pyramid's step is PyTorch's: ${flags.join(' ') || 'attention'}`, { skip: missing }, async () => {
    await run(process.execPath, ['--import', 'tsx', tool, 'parity', ...flags]);
  });
