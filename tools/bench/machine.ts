/**
 * Measures what this machine can do at most by the engine that everything runs on: products of large matrices (GFLOP/s)
 * and the sum of two large vectors (GB/s, two read and one written). Other benches say how many GFLOP their work is.
 *
 *   npx tsx tools/bench/machine.ts [--size 2048] [--rounds 9]
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';
import { median, rounded } from './figures.js';

const { values } = parseArgs({
  options: { size: { type: 'string', default: '2048' }, rounds: { type: 'string', default: '9' } },
});
const [size, rounds] = [Number(values.size), Number(values.rounds)];

const { name, version, threads } = await startEngine();
const [a, b] = [tf.ones<tf.Rank.R2>([size, size]), tf.ones<tf.Rank.R2>([size, size])];
const long = 2 ** 26;
const [x, y] = [tf.ones([long]), tf.ones([long])];

const product = secondsOf(() => tf.matMul(a, b));
const sum = secondsOf(() => tf.add(x, y));
const figures = { gflops: rounded((2 * size ** 3) / product / 1e9, 0), gbytes: rounded((3 * 4 * long) / sum / 1e9, 1) };
process.stdout.write(`${JSON.stringify({ what: `${name} ${version}`, threads, ...figures })}\n`);

/** The median time of an op. Reading one value waits for it. */
function secondsOf(op: () => tf.Tensor): number {
  const seconds = Array.from({ length: rounds + 2 }, () => {
    const begun = performance.now();
    const result = op();
    const one = tf.tidy(() => tf.slice(tf.reshape(result, [-1]), 0, 1));
    one.dataSync();
    tf.dispose([result, one]);
    return (performance.now() - begun) / 1e3;
  });
  return median(seconds.slice(2));
}
