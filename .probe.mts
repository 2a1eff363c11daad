import * as tf from '@tensorflow/tfjs-core';
import { startEngineIn } from './src/engine/backend.js';
import { addOver, answers } from './src/engine/collectives/collectives.js';
const rank = Number(process.argv[2]);
const t0 = Date.now();
console.log(await startEngineIn({ rank, addresses: ['127.0.0.1:41801', '127.0.0.1:41802'] }));
const x = tf.tensor1d([rank + 1, 10 ** rank]);
for (let i = 0; i < 3; i++) console.log(rank, addOver(x, { size: 2, key: 1, instance: 1 }, 20).dataSync(), Date.now() - t0);
console.log(rank, addOver(tf.tensor1d([rank + 1, 7], 'int32'), { size: 2, key: 1, instance: 2 }, 20).dataSync());
console.log('peers', answers(0, 1000), answers(1, 1000), tf.memory().numTensors);
if (rank === 1) process.exit(0);
try { addOver(x, { size: 2, key: 1, instance: 1 }, 5); } catch (e) { console.log('ERR', (e as Error).message, Date.now() - t0); }
console.log('peers', answers(0, 1000), answers(1, 1000));
