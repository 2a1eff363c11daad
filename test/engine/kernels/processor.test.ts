import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multipliesBfloat16, usesOneDnn } from '../../../src/engine/kernels/processor.js';

const cpu = (flags: string) => `processor\t: 0\nmodel name\t: x\nflags\t\t: fpu sse2 ${flags}\nbugs\t\t: y\n`;

test('bfloat16 is multiplied where the processor says so', () => {
  for (const flags of ['avx512_bf16', 'avx2 amx_bf16 amx_tile']) assert.equal(multipliesBfloat16(cpu(flags)), true);
  for (const flags of ['avx2 fma', 'avx512f avx512_vnni', 'no_avx512_bf16x'])
    assert.equal(multipliesBfloat16(cpu(flags)), false);
  assert.equal(multipliesBfloat16(''), false);
});

test('oneDNN computes where the processor is made for networks, or where it is told to', () => {
  assert.equal(usesOneDnn({}, cpu('avx2 avx512f avx512_vnni')), true);
  assert.equal(usesOneDnn({}, cpu('avx2 amx_bf16')), true);
  assert.equal(usesOneDnn({}, cpu('avx2 fma avx512f')), false);
  assert.equal(usesOneDnn({ TF_ENABLE_ONEDNN_OPTS: '0' }, cpu('avx512_vnni')), false);
  assert.equal(usesOneDnn({ TF_ENABLE_ONEDNN_OPTS: '1' }, cpu('avx2')), true);
});
