/**
 * Measures the evaluator against a pandas port of ActivityNet's evaluator (peers/activitynet_eval.py), and at scale.
 * Needs `npm run build`. Each measured run is a process of its own. Prints one JSON line per measurement.
 *
 *   npx tsx tools/bench/evaluation.ts parity [--rounds N]
 *     on the largest parity set, interleaved, medians: seconds in the process (reading and evaluating), and of the
 *     whole process. $PYTHON (default python3) must have pandas.
 *   npx tsx tools/bench/evaluation.ts scale [--detections N] [--videos N] [--classes N]
 *     `lofi evaluate --json` on generated predictions in a temporary folder: seconds, and the largest resident size.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { randomStream } from '../../src/engine/random.js';
import { median } from './figures.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    detections: { type: 'string', default: '10000000' },
    videos: { type: 'string', default: '20000' },
    classes: { type: 'string', default: '200' },
  },
});
const root = path.resolve(import.meta.dirname, '../..');
const python = process.env.PYTHON ?? 'python3';

const [part] = positionals;
if (part === 'parity') parity(Number(values.rounds));
else if (part === 'scale') scale(Number(values.detections), Number(values.videos), Number(values.classes));
else throw new Error('say what to measure: parity or scale');

function parity(rounds: number): void {
  const data = path.resolve(root, '../shared/data/eval_parity');
  if (!existsSync(data)) {
    skip(`no parity files in ${data}`);
    return;
  }
  if (spawnSync(python, ['-c', 'import pandas']).status !== 0) {
    skip(`${python} has no pandas`);
    return;
  }
  const truth = path.join(data, 'gt/tcn_50salads_mid_edtcn_gt.json');
  const predictions = path.join(data, 'pred/tcn_50salads_mid_edtcn.json');
  const peer = path.join(import.meta.dirname, 'peers/activitynet_eval.py');
  const inside = `
    const begin = performance.now();
    const { evaluateDetections, readDetections, readGroundTruth, presets } = await import(process.argv[1]);
    const truth = readGroundTruth(process.argv[2]);
    const predictions = readDetections(process.argv[3]);
    const read = performance.now();
    const options = { subset: 'testing', tiou: presets.activitynet.tiou };
    const { average_mAP } = evaluateDetections(truth, predictions, options);
    const end = performance.now();
    const seconds = { read_seconds: (read - begin) / 1e3, evaluate_seconds: (end - read) / 1e3 };
    console.log(JSON.stringify({ average_mAP, ...seconds }));`;
  const library = path.join(root, 'dist/index.js');
  const flags = ['--ground-truth', truth, '--predictions', predictions, '--subset', 'testing', '--json'];

  interface Inside {
    average_mAP: number;
    read_seconds: number;
    evaluate_seconds: number;
  }
  const times = {
    pandas: [] as number[],
    lofi: [] as number[],
    pandasProcess: [] as number[],
    lofiProcess: [] as number[],
  };
  for (let round = 0; round < rounds; round++) {
    const pandas = run(python, [peer, truth, predictions, 'testing']);
    const ours = run(process.execPath, ['--input-type=module', '-e', inside, library, truth, predictions]);
    const command = run(process.execPath, [path.join(root, 'dist/cli/main.js'), 'evaluate', ...flags]);
    const [theirs, mine] = [JSON.parse(pandas.stdout) as Inside, JSON.parse(ours.stdout) as Inside];
    if (Math.abs(theirs.average_mAP - mine.average_mAP) > 1e-9) throw new Error('they do not agree');
    times.pandas.push(theirs.evaluate_seconds);
    times.lofi.push(mine.evaluate_seconds);
    times.pandasProcess.push(pandas.seconds);
    times.lofiProcess.push(command.seconds);
  }
  const [pandas, lofi] = [median(times.pandas), median(times.lofi)];
  const [pandasProcess, lofiProcess] = [median(times.pandasProcess), median(times.lofiProcess)];
  print({
    rounds,
    evaluate_seconds: { pandas, lofi },
    evaluate_ratio: pandas / lofi,
    process_seconds: { pandas: pandasProcess, lofi: lofiProcess },
    process_ratio: pandasProcess / lofiProcess,
  });
}

function scale(detections: number, videos: number, classes: number): void {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lofi-bench-'));
  try {
    const truth = path.join(folder, 'truth.json');
    const predictions = path.join(folder, 'predictions.json');
    makeUp(truth, predictions, { detections, videos, classes });
    // The peak memory of the process is known only at its end.
    const peak = 'process.on("exit", () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}\\n`));';
    const { seconds, stdout, stderr } = run(process.execPath, [
      `--import=data:text/javascript,${encodeURIComponent(peak)}`,
      path.join(root, 'dist/cli/main.js'),
      ...['evaluate', '--ground-truth', truth, '--predictions', predictions, '--json'],
    ]);
    const { counts, average_mAP } = JSON.parse(stdout) as { counts: { detections: number }; average_mAP: number };
    print({
      detections: counts.detections,
      videos,
      classes,
      file_gib: statSync(predictions).size / 2 ** 30,
      seconds,
      peak_gib: Number(/peak (\d+)/.exec(stderr)![1]) / 2 ** 20,
      average_mAP,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Generates one or two instances per video and detections as a detector writes them: with all digits of the doubles,
 * half of them near an instance.
 */
function makeUp(
  truth: string,
  predictions: string,
  size: { detections: number; videos: number; classes: number },
): void {
  const random = randomStream(0, 'bench-evaluation');
  const database: Record<string, object> = {};
  const output = openSync(predictions, 'w');
  writeSync(output, '{"version": "made up", "external_data": {}, "results": {');
  for (let v = 0; v < size.videos; v++) {
    const duration = random.between(20, 240);
    const instances = Array.from({ length: 1 + (v % 2) }, () => {
      const [a, b] = [random.between(0, duration), random.between(0, duration)];
      return { segment: [Math.min(a, b), Math.max(a, b)], label: `class ${random.below(size.classes)}` };
    });
    database[`v_${v}`] = { subset: 'validation', duration, annotations: instances };
    const from = Math.floor((v * size.detections) / size.videos);
    const to = Math.floor(((v + 1) * size.detections) / size.videos);
    const list = Array.from({ length: to - from }, (_, i) => {
      const near = instances[i % instances.length]!;
      const spread = i % 2 === 0 ? 5 : duration;
      const segment = near.segment.map((time) => time + random.between(-spread, spread));
      const label = i % 2 === 0 ? near.label : `class ${random.below(size.classes)}`;
      return { segment, score: random.uniform(), label };
    });
    writeSync(output, `${v > 0 ? ', ' : ''}${JSON.stringify(`v_${v}`)}: ${JSON.stringify(list)}`);
  }
  writeSync(output, '}}');
  closeSync(output);
  writeFileSync(truth, JSON.stringify({ database }));
}

function run(program: string, args: string[]): { seconds: number; stdout: string; stderr: string } {
  const begin = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 30 });
  const seconds = (performance.now() - begin) / 1000;
  if (status !== 0) throw new Error(`${path.basename(program)} ended with ${status}: ${stderr}`);
  return { seconds, stdout, stderr };
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function skip(reason: string): void {
  process.stderr.write(`${reason}: nothing to measure\n`);
}
