/**
 * `npm run demo`: trains LoFi and its baseline on synthetic videos, and shows the mAP of both and of
 * random proposals, and a report.
 */
import path from 'node:path';
import { evaluateDetections } from '../src/evaluation/detections.js';
import { readGroundTruth } from '../src/evaluation/result-files.js';
import { randomProposals } from '../src/evaluation/random-proposals.js';
import { presets } from '../src/evaluation/tiou.js';
import { evaluateRun } from '../src/report/run/evaluate-run.js';
import { runsTable } from '../src/report/tables/metrics-table.js';
import { writeReport } from '../src/report/write-report.js';
import { lofi, shareStage1 } from './pipeline/lofi.js';

const [run, baseline] = ['runs/demo', 'runs/demo-baseline'];
const common = ['run', '--config', 'configs/demo.yaml'];

process.stderr.write('LoFi: stages 1, 2 and 3\n');
lofi([...common, '--run', run]);
process.stderr.write('baseline: stages 1 and 3\n');
shareStage1(run, baseline);
lofi([...common, '--run', baseline, '--baseline']);

const truth = readGroundTruth(path.join(run, 'dataset.json'));
const random = randomProposals(truth, { seed: 0, trainSubset: 'training', testSubset: 'validation' });
const floor = evaluateDetections(truth, random, { subset: 'validation', tiou: presets.activitynet.tiou });
const page = await writeReport([run, baseline]);
const table = runsTable([
  { name: `LoFi (${run})`, metrics: evaluateRun(run, 'validation').all },
  { name: `baseline (${baseline})`, metrics: evaluateRun(baseline, 'validation').all },
  { name: 'random proposals', metrics: floor },
]);
process.stdout.write(`${table}\nreport: ${path.resolve(page)}\n`);
