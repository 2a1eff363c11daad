/**
 * Multiplies matrices until its input ends and compares the products. Prints when it begins, and
 * how many SIGUSR2 it received.
 */
import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { startEngine } from '../../src/engine/backend.js';

let heard = 0;
process.on('SIGUSR2', () => heard++);
await startEngine();
const shapes: [number, number, number][] = [
  [100, 1280, 256],
  [1280, 5050, 64],
  [300, 700, 500],
  [5050, 512, 128],
  [64, 64, 64],
  [100, 256, 256],
  [2500, 1280, 32],
];
const factors = shapes.map(([m, k, n]) => [
  tf.randomNormal<tf.Rank.R2>([m, k], 0, 1, 'float32', 1),
  tf.randomNormal<tf.Rank.R2>([k, n], 0, 1, 'float32', 2),
]);
const products = () =>
  factors.flatMap(([a, b]) => tf.tidy(() => [tf.matMul(a!, b!).dataSync(), tf.matMul(b!, a!, true, true).dataSync()]));
const first = products();
process.stdout.write('begun\n');
process.stdin.resume();
while (!process.stdin.readableEnded) {
  for (const [i, product] of products().entries())
    if (!product.every((value, at) => value === first[i]![at])) throw new Error('a product has changed');
  await setImmediate();
}
process.stdout.write(`heard ${heard}\n`);
