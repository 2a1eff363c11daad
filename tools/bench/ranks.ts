/**
 * Times what ranks of this machine do in a step beside computing: a message, and the sum of a vector of all gradients.
 * Each rank has one thread. Prints one JSON line, with the medians of rank 0.
 *
 *   npx tsx tools/bench/ranks.ts --ranks 2 --megabytes 1,45 --rounds 15
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as tf from '@tensorflow/tfjs-core';
import yargs from 'yargs';
import { startEngineIn } from '../../src/engine/backend.js';
import { Ranks } from '../../src/engine/collectives/ranks.js';
import { findCluster } from '../../src/engine/launchers/find-cluster.js';
import { localAddresses } from '../../src/engine/launchers/one-machine.js';
import { printJson } from '../../src/system/say.js';
import { median, rounded } from './figures.js';

const args = yargs(process.argv.slice(2))
  .options({
    ranks: { type: 'number', default: 2 },
    megabytes: { type: 'string', default: '1,45' },
    rounds: { type: 'number', default: 15 },
    port: { type: 'number', default: 44_000 },
  })
  .strict()
  .parseSync();

const cluster = findCluster();
if (cluster) {
  await startEngineIn(cluster);
  const ranks = new Ranks(cluster, 120);
  const secondsOf = (work: () => void) => {
    const times = Array.from({ length: args.rounds + 1 }, () => {
      const begun = performance.now();
      work();
      return (performance.now() - begun) / 1000;
    });
    // The first one makes connections and allocates.
    return rounded(median(times.slice(1)), 5);
  };
  const message = { losses: [{ total: 1, weighted: 1, terms: { tem: 0.5, reg: 0.3, cls: 0.2 }, share: 0.5 }] };
  const exchange = secondsOf(() => void ranks.exchange(message));
  const sums = args.megabytes.split(',').map((megabytes) => {
    const length = Math.round((Number(megabytes) * 1e6) / 4);
    const seconds = secondsOf(() => {
      const sum = ranks.sum('gradients', tf.fill<tf.Rank.R1>([length], cluster.rank));
      sum.dataSync();
      sum.dispose();
    });
    return [megabytes, seconds];
  });
  if (cluster.rank === 0) printJson({ ranks: args.ranks, exchange, sum: Object.fromEntries(sums) as object });
} else {
  const worker = localAddresses(args.ranks, args.port);
  const children = worker.map((_, index) => {
    const config = JSON.stringify({ cluster: { worker }, task: { type: 'worker', index } });
    const env = { ...process.env, TF_CONFIG: config, TF_NUM_INTRAOP_THREADS: '1' };
    return spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { env, stdio: 'inherit' });
  });
  for (const child of children) if (child.exitCode === null) await once(child, 'close');
}
