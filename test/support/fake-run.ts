import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomStream } from '../../src/engine/random.js';
import { evaluateDetections } from '../../src/evaluation/detections.js';
import { linspace } from '../../src/evaluation/tiou.js';
import type { Annotation, Detection, VideoTruth } from '../../src/evaluation/types.js';
import { encodeVideo } from '../../src/video/encode.js';

/** A label that would run a script if it were ever taken for markup. */
export const hostile = '<img src=x onerror="window.hacked=1">\'</script><script>window.hacked=2</script>';

/**
 * Writes a run folder like those of `lofi run`, with made-up numbers. The larger `noise` (in
 * seconds), the worse the run.
 */
export function writeFakeRun(folder: string, options: { seed: number; noise: number; videos?: number }): void {
  const random = randomStream(options.seed, 'fake-run');
  const labels = ['circle-left', 'circle-right', 'zoom-in', 'zoom-out', 'shake', hostile];
  const data = randomStream(7, 'fake-data');
  const database: Record<string, VideoTruth & { path: string }> = {};
  for (let v = 0; v < (options.videos ?? 16); v++) {
    const annotations = Array.from({ length: 1 + data.below(4) }, (_, i): Annotation => {
      const start = 2 + i * 12 + data.between(0, 5);
      return { segment: [start, start + data.between(2, 7)], label: data.pick(labels) };
    });
    const subset = v % 4 === 0 ? 'training' : 'validation';
    const id = `video_${String(v).padStart(3, '0')}`;
    database[id] = { subset, duration: 60, annotations, path: filmOf(id) };
  }
  const results: Record<string, Detection[]> = {};
  for (const [id, { subset, annotations }] of Object.entries(database)) {
    if (subset !== 'validation') continue;
    const near = annotations.map(({ segment, label }): Detection => {
      const start = Math.max(0, segment[0] + options.noise * random.normal());
      return {
        segment: [start, Math.max(start + 0.5, segment[1] + options.noise * random.normal())],
        score: random.between(0.3, 0.95),
        label,
      };
    });
    const far = Array.from({ length: 30 }, (): Detection => {
      const start = random.between(0, 55);
      return {
        segment: [start, start + random.between(1, 5)],
        score: 0.5 * random.uniform() ** 2,
        label: random.pick(labels),
      };
    });
    results[id] = [...near, ...far];
  }
  const metrics = evaluateDetections(
    { database },
    { results },
    { subset: 'validation', tiou: linspace(0.5, 0.95, 10) },
  );

  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: unknown) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  write('config.yaml', `# ${hostile}\nseed: ${options.seed}\nencoder:\n  type: tsm-resnet18\nmodel:\n  type: gtad\n`);
  write('dataset.json', { database });
  write('detections.json', { version: 'fake', results, external_data: {} });
  write('metrics.json', metrics);
  write('metrics.jsonl', fakeLog(options.noise));
  write('classification.json', fakeClassification(labels, options.seed));
  const best = { metric: 'top1', value: 0.9375, step: 300 };
  const stage = { step: 300, engine: 'tensorflow 2.21.0', finished: true, best, sha256: 'abc' };
  write('store/pretrain/latest', '300');
  write('store/pretrain/300.json', stage);
  write('store/joint/latest', 'not a step');
}

/** The path that a fake run's dataset gives for a video. The first one's name is difficult for URLs and markup. */
function filmOf(id: string): string {
  return id === 'video_001' ? 'videos/#1 %41?<b>.mp4' : `videos/${id}.mp4`;
}

/** Makes the file of a fake run's video: one minute, red in its first half, blue in its second. */
export async function writeFilm(run: string, id: string): Promise<void> {
  const file = path.join(run, filmOf(id));
  mkdirSync(path.dirname(file), { recursive: true });
  const size = { width: 64, height: 36 };
  const frames = Array.from({ length: 120 }, (_, i) =>
    new Uint8Array(size.width * size.height * 3).map((_, at) => (at % 3 === (i < 60 ? 0 : 2) ? 220 : 20)),
  );
  await encodeVideo(file, { ...size, fps: [2, 1], frames });
}

function fakeLog(noise: number): string {
  const random = randomStream(1, 'fake-log');
  const shapes = ['100x112', '25x224', '50x158'];
  const lines: unknown[] = [];
  for (let step = 1; step <= 900; step++) {
    const loss = (1 + noise) * (0.3 + 2 * Math.exp(-step / 250)) + 0.1 * random.normal();
    lines.push({
      stage: step <= 300 ? 'pretrain' : 'joint',
      step: step <= 300 ? step : step - 300,
      epoch: Math.ceil(step / 60),
      loss,
      terms: { tem: 0.5 * loss, reg: 0.3 * loss, cls: 0.2 * loss },
      lr: step % 300 < 200 ? 0.1 : 0.01,
      ...(step > 300 ? { shape: shapes[Math.floor(step / 60) % 3] } : {}),
      seconds: 0.8 + 0.05 * random.normal(),
      wait: 0.05 + 0.02 * random.uniform(),
      rssMiB: 900 + 30 * random.uniform(),
      tensors: 812,
      time: '2020-01-01T00:00:00Z',
    });
    if (step === 40 || step === 41) lines.push({ stage: 'pretrain', step, epoch: 1, skipped: ['broken', 'gone'] });
    if (step <= 300 && step % 60 === 0)
      lines.push({ stage: 'pretrain', step, epoch: step / 60, metrics: { top1: 1 - 60 / (step + 20) } });
  }
  // A run that was interrupted ends in half a line.
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"stage":"joint","st`;
}

/** What `lofi classify` leaves for the checkpoint `abc`: of ten videos of each class, some are confused. */
export function fakeClassification(classes: readonly string[], seed: number) {
  const random = randomStream(seed, 'fake-classification');
  const confusion = classes.map((_, i) => {
    const row = classes.map(() => 0);
    for (let video = 0; video < 10; video++) row[random.uniform() < 0.7 ? i : random.below(classes.length)]!++;
    return row;
  });
  const videos = 10 * classes.length;
  const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
  return {
    ...{ checkpoint: 'abc', subset: 'validation', classes: [...classes], videos, clips: 20 * videos, views: 4 },
    clip: { hit1: (0.9 * right) / videos, hit5: 0.95 },
    video: { hit1: right / videos, hit5: 1 },
    confusion,
  };
}
