import { readFileSync } from 'node:fs';

/**
 * Whether the processor has instructions for products of bfloat16.
 *
 * @param cpuInfo - Linux' description of the processors. Elsewhere nothing is known, and the answer is no.
 */
export function multipliesBfloat16(cpuInfo = readCpuInfo()): boolean {
  return /^flags\s*:.*\b(avx512_bf16|amx_bf16)\b/m.test(cpuInfo);
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
