import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSafetensors } from '../src/checkpoints/formats/safetensors.js';
import { loadDataset } from '../src/data/dataset.js';
import { run, start, type Ended } from './support/command.js';
import { learntLog } from './support/log.js';

const config = 'configs/tiny.yaml';
const root = mkdtempSync(path.join(os.tmpdir(), 'lofi-end-to-end-'));
const folder = (name: string) => path.join(root, name);
const read = (...parts: string[]) => readFileSync(path.join(...parts), 'utf8');
const json = (...parts: string[]) => JSON.parse(read(...parts)) as unknown;

function done(ended: Ended): Ended {
  assert.equal(ended.code, 0, `code ${ended.code}, ${ended.signal}: ${ended.stderr.slice(-2000)}`);
  return ended;
}

/** Checks a failure: one or two lines, the promised exit code, no stack trace. */
function failed(ended: Ended, code: number, said: RegExp): void {
  assert.equal(ended.code, code, ended.stderr);
  assert.match(ended.stderr, said);
  assert.doesNotMatch(ended.stderr, /^ +at /m);
}

interface Stages {
  stages: Record<string, { step: number; sha256: string; best: number | null }>;
}

/** The output of `lofi runs --json` for a run. */
async function stages(name: string): Promise<Stages['stages']> {
  return (JSON.parse(done(await run('runs', folder(name), '--json')).stdout) as Stages).stages;
}

/** A folder in which a run has made its synthetic videos and nothing else. */
function begin(name: string, from: string): string {
  mkdirSync(folder(name));
  cpSync(path.join(folder(from), 'data'), path.join(folder(name), 'data'), { recursive: true });
  return folder(name);
}

/** All files below a folder except the lock: content and time of change. */
function listing(name: string): Map<string, { content: string; changed: number }> {
  const files = readdirSync(folder(name), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const { mtimeMs } = statSync(file);
      return [path.relative(folder(name), file), { content: readFileSync(file, 'latin1'), changed: mtimeMs }];
    }),
  );
}

/** The log of a run without the fields that describe the process and its time. */
function learnt(name: string): string[] {
  return learntLog(path.join(folder(name), 'metrics.jsonl'));
}

/** Number of steps that a stage has logged so far; for `extract`, of shards that it has written. */
function logged(name: string, stage: string): number {
  if (stage === 'extract') {
    const store = path.join(folder(name), 'store', 'extract');
    if (!existsSync(store)) return 0;
    return readdirSync(store, { recursive: true, encoding: 'utf8' }).filter((file) => /\d{5}\.json$/.test(file)).length;
  }
  const file = path.join(folder(name), 'metrics.jsonl');
  if (!existsSync(file)) return 0;
  return read(file)
    .split('\n')
    .filter((line) => line.includes(`"stage":"${stage}"`) && line.includes('"loss"')).length;
}

/** Correlation of two lists of numbers whose means are near 0. */
function correlation(a: Float32Array, b: Float32Array): number {
  const product = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

/** Keeps a checkpoint after each step, and features after each video. */
const often = ['--set', 'checkpoint.everySteps=1', '--set', 'checkpoint.everyMinutes=1e-6'];

/**
 * Starts `lofi run` and sends a signal once `stage` has taken `steps` steps. Returns how it
 * ended, and how long that took.
 */
async function signalled(
  name: string,
  signal: NodeJS.Signals,
  stage: string,
  steps: number,
  ...more: string[]
): Promise<Ended & { seconds: number }> {
  const { child, ended } = start('run', '--config', config, '--run', folder(name), ...more);
  const end = { reached: false };
  void ended.then(() => (end.reached = true));
  while (!end.reached && logged(name, stage) < steps) await sleep(5);
  assert.ok(!end.reached, `ended before its step ${steps} of ${stage}`);
  child.kill(signal);
  const sent = performance.now();
  return { ...(await ended), seconds: (performance.now() - sent) / 1000 };
}

describe('configs/tiny.yaml, from videos to a report', () => {
  let first: Stages['stages'];
  let detections: string;
  let seconds: number;

  before(async () => {
    const begun = performance.now();
    done(await run('run', '--config', config, '--run', folder('first')));
    seconds = (performance.now() - begun) / 1000;
    first = await stages('first');
    detections = read(folder('first'), 'detections.json');
  });
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('leaves everything that the command contract names', async (t) => {
    // The contract promises 60 s on two free cores; the test runner takes some of them.
    t.diagnostic(`${seconds.toFixed(1)} s`);
    for (const file of ['config.yaml', 'metrics.jsonl', 'dataset.json', 'report/index.html'])
      assert.ok(statSync(path.join(folder('first'), file)).size > 0, file);
    assert.deepEqual(Object.keys(first), ['pretrain', 'joint', 'extract', 'segments', 'head']);
    const { videos, classes } = loadDataset(path.join(folder('first'), 'dataset.json'));
    assert.equal(first['extract']!.step, videos.length);
    for (const stage of ['pretrain', 'joint', 'head']) {
      assert.equal(logged('first', stage), first[stage]!.step, stage);
      assert.equal(
        readFileSync(path.join(folder('first'), 'store', stage, 'latest'), 'utf8'),
        `${first[stage]!.step}\n`,
      );
    }
    const { results } = JSON.parse(detections) as {
      results: Record<string, { label: string; score: number; segment: [number, number] }[]>;
    };
    const validation = videos.filter(({ subset }) => subset === 'validation');
    assert.deepEqual(Object.keys(results).sort(), validation.map(({ id }) => id).sort());
    for (const { id, duration } of validation) {
      assert.ok(results[id]!.length > 0, id);
      for (const { label, score, segment } of results[id]!) {
        assert.ok(classes.includes(label));
        assert.ok(score > 0 && score < 1);
        assert.ok(0 <= segment[0] && segment[0] < segment[1] && segment[1] <= duration);
      }
    }
    const evaluated = done(
      await run(
        'evaluate',
        '--ground-truth',
        path.join(folder('first'), 'dataset.json'),
        '--predictions',
        path.join(folder('first'), 'detections.json'),
        '--json',
      ),
    );
    assert.deepEqual(json(folder('first'), 'metrics.json'), JSON.parse(evaluated.stdout));
    assert.doesNotMatch(read(folder('first'), 'metrics.json'), new RegExp(root));
  });

  it('goes through the three shapes of the long cycle', () => {
    const shapes = read(folder('first'), 'metrics.jsonl')
      .split('\n')
      .filter((line) => line.includes('"stage":"joint"'))
      .map((line) => JSON.parse(line) as { epoch: number; shape: string });
    assert.deepEqual(
      [...new Set(shapes.map(({ epoch, shape }) => `${epoch}: ${shape}`))],
      ['1: 24x32', '2: 8x48', '3: 16x40'],
    );
  });

  it('joint moves the whole encoder, also its first layer; the head begins anew and holds no encoder', () => {
    const tensors = (stage: string) =>
      readSafetensors(path.join(folder('first'), 'store', stage, `${first[stage]!.step}.safetensors`)).tensors;
    const [pretrain, joint, head] = [tensors('pretrain'), tensors('joint'), tensors('head')];
    for (const name of ['encoder.conv1.weight', 'encoder.layer4.1.conv2.weight'])
      assert.notDeepEqual(joint.get(name)!.data, pretrain.get(name)!.data, name);
    assert.deepEqual(
      [...head.keys()].filter((name) => name.includes('encoder')),
      [],
    );
    // In so few steps, training changes a weight of the head by hundredths, while another initial value
    // differs by its whole deviation.
    const name = 'head.base.tconvs.0.weight';
    const [before, after] = [joint, head].map((of) => of.get(name)!.data as Float32Array) as [
      Float32Array,
      Float32Array,
    ];
    assert.ok(correlation(before, after) < 0.5, `${name}: ${correlation(before, after)}`);
  });

  it('run again changes nothing, and is quick', async () => {
    const before = listing('first');
    const begun = performance.now();
    done(await run('run', '--config', config, '--run', folder('first')));
    assert.ok((performance.now() - begun) / 1000 < Math.max(15, seconds / 2));
    const after = listing('first');
    assert.deepEqual([...after.keys()], [...before.keys()]);
    for (const [file, { content, changed }] of after) {
      assert.equal(content, before.get(file)!.content, file);
      if (file.endsWith('.safetensors')) assert.equal(changed, before.get(file)!.changed, file);
    }
  });

  it('stages by hand, each its own process, give the same tensors and detections', async () => {
    const hand = begin('hand', 'first');
    for (const stage of ['pretrain', 'joint', 'extract', 'head'])
      done(await run(stage, '--config', config, '--run', hand));
    done(await run('detect', '--run', hand, '--subset', 'validation'));
    assert.deepEqual(await stages('hand'), first);
    assert.equal(read(hand, 'detections.json'), detections);
  });

  it('killed without warning in every stage, and run on each time, it ends as if it never had been', async () => {
    begin('killed', 'first');
    for (const [stage, steps, ...more] of [
      ['pretrain', 3, ...often],
      // Before and after the stage's first checkpoint.
      ['joint', 1],
      ['joint', 4, ...often],
      ['extract', 3, ...often],
      ['head', 5, ...often],
    ] as const) {
      const { signal } = await signalled('killed', 'SIGKILL', stage, steps, ...more);
      assert.equal(signal, 'SIGKILL', stage);
    }
    const { step } = (await stages('killed'))['head']!;
    assert.ok(step < first['head']!.step, 'killed too late');
    done(await run('run', '--config', config, '--run', folder('killed')));
    assert.deepEqual(await stages('killed'), first);
    assert.equal(read(folder('killed'), 'detections.json'), detections);
    assert.equal(read(folder('killed'), 'metrics.json'), read(folder('first'), 'metrics.json'));
    assert.deepEqual(learnt('killed'), learnt('first'));
  });

  it('SIGTERM and SIGINT in every stage: saved and ended in time, and nothing is done twice', async () => {
    begin('stopped', 'first');
    for (const [stage, steps, signal, code, ...more] of [
      ['pretrain', 2, 'SIGTERM', 143],
      ['joint', 3, 'SIGINT', 130],
      ['extract', 1, 'SIGTERM', 143, ...often],
      ['head', 2, 'SIGINT', 130],
    ] as const) {
      const ended = await signalled('stopped', signal, stage, steps, ...more);
      assert.equal(ended.code, code, ended.stderr);
      assert.ok(ended.seconds < 30);
      assert.match(ended.stderr, new RegExp(`lofi: stopped by ${signal}`));
      const beat = JSON.parse(read(folder('stopped'), 'heartbeat.json')) as { state: string; stage: string };
      assert.deepEqual([beat.state, beat.stage], ['stopped', stage]);
      // All that was logged is kept.
      if (stage !== 'extract') assert.equal((await stages('stopped'))[stage]!.step, logged('stopped', stage));
    }
    done(await run('run', '--config', config, '--run', folder('stopped')));
    assert.deepEqual(await stages('stopped'), first);
    assert.deepEqual(learnt('stopped'), learnt('first'));
    assert.equal(read(folder('stopped'), 'detections.json'), detections);
  });

  it('a second process on the run folder is refused at once, by the name of the first', async () => {
    begin('shared', 'first');
    const { child, ended } = start('run', '--config', config, '--run', folder('shared'));
    while (logged('shared', 'pretrain') === 0 && child.exitCode === null) await sleep(5);
    const second = await run('joint', '--config', config, '--run', folder('shared'));
    failed(second, 1, new RegExp(`shared is in use by process ${child.pid!} on \\S+ since \\d{4}-`));
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
  });

  it('without joint: the baseline, in a folder of its own', async () => {
    const baseline = begin('baseline', 'first');
    // Stage 1 is the same, so it is not trained again.
    cpSync(path.join(folder('first'), 'store', 'pretrain'), path.join(baseline, 'store', 'pretrain'), {
      recursive: true,
    });
    done(await run('run', '--config', config, '--run', baseline, '--baseline'));
    const { pretrain, extract, segments, head, ...others } = await stages('baseline');
    assert.ok(segments);
    assert.deepEqual(others, {});
    assert.deepEqual(pretrain, first['pretrain']);
    assert.notEqual(extract!.sha256, first['extract']!.sha256);
    assert.notEqual(head!.sha256, first['head']!.sha256);
    assert.ok(existsSync(path.join(baseline, 'metrics.json')));
    failed(await run('run', '--config', config, '--run', folder('first'), '--baseline'), 2, /first has a joint stage/);
  });

  it('refuses another configuration by name, and leaves the run as it was', async () => {
    const before = listing('first');
    const change = ['--run', folder('first'), '--config', config, '--set', 'joint.lr=0.5'];
    for (const command of ['run', 'joint'])
      failed(await run(command, ...change), 2, /joint in .* another configuration \(joint\.lr: 0\.01 → 0\.5\)/);
    for (const [file, { content }] of listing('first')) assert.equal(content, before.get(file)?.content, file);
  });

  it('a video that is none is named, the others are done, nothing is half-written', async () => {
    const videos = path.join(folder('first'), 'data', 'videos');
    const good = path.join(videos, readdirSync(videos).sort()[0]!);
    const bad = path.join(root, 'notes.mp4');
    writeFileSync(bad, 'This is no video.\n');
    const out = folder('found');
    const ended = await run('detect', '--run', folder('first'), '--out', out, bad, good);
    failed(ended, 1, /not done: notes: .*notes\.mp4/);
    const { results } = json(out, 'detections.json') as { results: Record<string, unknown[]> };
    assert.deepEqual(Object.keys(results), [path.parse(good).name]);
    assert.deepEqual(readdirSync(out), ['detections.json']);
    const none = folder('none');
    failed(await run('detect', '--run', folder('first'), '--out', none, path.join(root, 'no.mp4')), 2, /no\.mp4/);
    assert.ok(!existsSync(none));
  });

  it('wrong calls: one line that says what to do, and no run folder', async () => {
    const unknown = await run('run', '--config', config, '--run', folder('x'), '--set', 'joint.learningrate=1');
    failed(unknown, 2, /--set: unknown key joint\.learningrate/);
    assert.equal(unknown.stderr.trimEnd().split('\n').length, 1);
    const near = await run('run', '--config', config, '--run', folder('x'), '--set', 'joint.lrStep=[1]');
    failed(near, 2, /did you mean joint\.lrSteps\?/);
    const missing = await run('run', '--config', path.join(root, 'no.yaml'), '--run', folder('x'));
    failed(missing, 2, /not found: .*no\.yaml/);
    failed(await run('detect', '--run', folder('x'), '--subset', 'validation'), 2, /no run in .*x: config\.yaml/);
    const early = await run('head', '--config', config, '--run', begin('early', 'first'));
    failed(early, 2, /pretrain is not finished in .*: run `lofi pretrain` first/);
    assert.ok(!existsSync(folder('x')));
  });

  it('a run folder can be moved', async () => {
    renameSync(folder('first'), folder('moved'));
    const out = folder('elsewhere');
    done(await run('detect', '--run', folder('moved'), '--subset', 'validation', '--out', out));
    assert.equal(read(out, 'detections.json'), detections);
    assert.deepEqual(await stages('moved'), first);
    const before = listing('moved');
    done(await run('run', '--config', config, '--run', folder('moved')));
    assert.equal(read(folder('moved'), 'metrics.jsonl'), before.get('metrics.jsonl')!.content);
    assert.equal(read(folder('moved'), 'detections.json'), detections);
  });
});

describe('plans and configurations, without data', () => {
  it('schedule prints the steps that training would take', async () => {
    const args = ['schedule', '--config', config, '--set', 'data.trainVideos=6', '--stage', 'joint'];
    const plan = JSON.parse(done(await run(...args, '--json')).stdout) as Record<string, number>[];
    assert.deepEqual(
      plan.map(({ step, epoch, snippets, size }) => [step, epoch, snippets, size]),
      [
        [0, 0, 24, 32],
        [1, 0, 24, 32],
        [2, 1, 8, 48],
        [3, 1, 8, 48],
        [4, 2, 16, 40],
        [5, 2, 16, 40],
      ],
    );
    assert.deepEqual([...new Set(plan.map(({ batch, lr }) => `${batch} ${lr}`))], ['4 0.01']);
    const lines = done(await run(...args, '--steps', '2'))
      .stdout.trimEnd()
      .split('\n');
    assert.deepEqual(lines, ['step 0 epoch 0 24x32 batch 4 lr 0.01', 'step 1 epoch 0 24x32 batch 4 lr 0.01']);
    failed(await run('schedule', '--config', config, '--stage', 'joint'), 2, /data\.trainVideos/);
    failed(await run('schedule', '--config', config, '--stage', 'head'), 2, /"head".*"pretrain", "joint"/);
  });

  it('config prints what is in force, and where it came from, in a form that it reads again', async () => {
    const printed = done(await run('config', '--config', config, '--set', 'head.lr=7e-3')).stdout;
    assert.match(printed, /^ {2}lr: 0\.007 # --set$/m);
    assert.match(printed, /^ {2}flip: false # configs\/tiny\.yaml$/m);
    assert.match(printed, /^ {2}keep: 100 # default$/m);
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'lofi-config-')), 'again.yaml');
    writeFileSync(file, printed);
    const values = (text: string) => text.replace(/ *#.*/g, '');
    assert.equal(values(done(await run('config', '--config', file)).stdout), values(printed));
    rmSync(path.dirname(file), { recursive: true });
    const schema = JSON.parse(done(await run('config', '--schema')).stdout) as { properties: object };
    assert.ok('joint' in schema.properties);
    failed(await run('config'), 2, /--config FILE, or --schema/);
  });

  it('--resume takes auto, never or a step', async () => {
    const ended = await run('joint', '--config', config, '--run', path.join(os.tmpdir(), 'none'), '--resume', 'last');
    failed(ended, 2, /--resume last: give auto, never or the step of a checkpoint/);
  });
});
