import { readFileSync } from 'node:fs';

/**
 * Whether the processor has instructions for products of bfloat16.
 *
 * @param cpuInfo - Linux's description of the processors. On other systems nothing is known, and the answer is no.
 */
export function multipliesBfloat16(cpuInfo = readCpuInfo()): boolean {
  return /^flags\s*:.*\b(avx512_bf16|amx_bf16)\b/m.test(cpuInfo);
}

/**
 * Whether TensorFlow computes convolutions with oneDNN. By TensorFlow's own rule it does where the processor has
 * instructions for neural networks, unless `TF_ENABLE_ONEDNN_OPTS` says otherwise. The kernels of oneDNN are fast for
 * other shapes than TensorFlow's own.
 */
export function usesOneDnn(env = process.env, cpuInfo = readCpuInfo()): boolean {
  const said = env['TF_ENABLE_ONEDNN_OPTS'];
  if (said !== undefined) return said === '1' || said === 'true';
  return /^flags\s*:.*\b(avx512_vnni|avx512_bf16|avx_vnni|amx_\w+)\b/m.test(cpuInfo);
}

/** Read only once, because kernels are chosen anew for every pass. */
let known: string | undefined;

function readCpuInfo(): string {
  try {
    known ??= readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    known = '';
  }
  return known;
}
