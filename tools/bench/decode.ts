/**
 * Measures the loader's frames per second at the three shapes of LoFi, cold and from a warm disk cache, and compares it
 * with equally many processes of `ffmpeg -f null` that decode and scale the same frames. Measurements are interleaved,
 * and medians are printed, one JSON line per shape.
 *
 *   npx tsx tools/bench/decode.ts [--videos DIR] [--processes N] [--rounds N]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import PQueue from 'p-queue';
import type { Video } from '../../src/data/dataset.js';
import { startFrameLoader } from '../../src/data/frames/loader.js';
import type { FrameRequest } from '../../src/data/frames/request.js';
import type { FrameSourceOptions } from '../../src/data/frames/frame-source.js';
import { snippetRequest } from '../../src/data/views/snippets.js';
import { evalTransform } from '../../src/data/views/transform.js';
import { transformFilters } from '../../src/video/decode.js';
import { findFfmpeg } from '../../src/video/ffmpeg.js';
import { inputFile } from '../../src/video/process.js';
import { probe } from '../../src/video/probe.js';
import { median, rounded } from './figures.js';

const { values } = parseArgs({
  options: {
    videos: { type: 'string', default: '../shared/data/fir_action/videos' },
    processes: { type: 'string', default: String(os.availableParallelism()) },
    rounds: { type: 'string', default: '3' },
  },
});
const processes = Number(values.processes);
if (!existsSync(values.videos)) {
  process.stderr.write(`no videos in ${values.videos}: nothing to measure\n`);
  process.exit(0);
}
const shapes = [
  { snippets: 100, size: 112 },
  { snippets: 25, size: 224 },
  { snippets: 50, size: 158 },
];
const snippet = { frames: 8, stride: 8 };
const queue = new PQueue({ concurrency: processes });
const files = readdirSync(values.videos).filter((name) => name.endsWith('.mp4'));
const videos = await queue.addAll(
  files.map((name) => async (): Promise<Video> => {
    const file = path.resolve(values.videos, name);
    return { id: name, subset: 'training', path: file, instances: [], ...(await probe(file)) };
  }),
);

for (const shape of shapes) {
  const requests = videos.map((video) =>
    snippetRequest(video, shape, snippet, evalTransform(video, shape.size, 'crop'), true),
  );
  const frames = requests.reduce((sum, { indices }) => sum + indices.length, 0);
  const cache = mkdtempSync(path.join(os.tmpdir(), 'lofi-bench-'));
  const plain = { processes, memory: 0, disk: null };
  const cached = { processes, memory: 0, disk: { folder: cache, limit: 2 ** 40 } };
  const rates: Record<'bare' | 'cold' | 'warm', number[]> = { bare: [], cold: [], warm: [] };
  await timeLoader(cached, requests);
  for (let round = 0; round < Number(values.rounds); round++) {
    rates.bare.push(frames / (await timeBare(requests)));
    rates.cold.push(frames / (await timeLoader(plain, requests)));
    rates.warm.push(frames / (await timeLoader(cached, requests)));
  }
  rmSync(cache, { recursive: true });
  const [bare, cold, warm] = [median(rates.bare), median(rates.cold), median(rates.warm)];
  const line = {
    shape: `${shape.snippets}x${shape.size}`,
    videos: videos.length,
    processes,
    ffmpeg_frames_per_second: Math.round(bare),
    loader_frames_per_second: Math.round(cold),
    cached_frames_per_second: Math.round(warm),
    loader_to_ffmpeg: rounded(median(rates.cold.map((rate, i) => rate / rates.bare[i]!)), 2),
    cached_to_loader: rounded(median(rates.warm.map((rate, i) => rate / rates.cold[i]!)), 2),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Seconds in which the loader delivers all requests. Its thread is started before. */
async function timeLoader(options: FrameSourceOptions, requests: readonly FrameRequest[]): Promise<number> {
  const { load, close } = startFrameLoader(options);
  await load({ ...requests[0]!, indices: Int32Array.of(0), family: Int32Array.of(0) });
  const begun = performance.now();
  // The frames are not kept, just as a training loop keeps only a few batches.
  await Promise.all(requests.map((request) => load(request).then(({ length }) => length)));
  const seconds = (performance.now() - begun) / 1000;
  close();
  return seconds;
}

/** Seconds in which ffmpeg alone decodes and scales the frames of all requests and discards them. */
async function timeBare(requests: readonly FrameRequest[]): Promise<number> {
  const begun = performance.now();
  await queue.addAll(
    requests.map((request) => async () => {
      const wanted = [...new Set(request.indices)].sort((a, b) => a - b);
      const filters = `select='${exactly(wanted)}',${transformFilters(request)}`;
      const args = ['-threads', '1', ...inputFile(request.file), '-map', '0:V:0', '-fps_mode', 'passthrough'];
      const child = spawn(
        findFfmpeg().path,
        [
          '-nostdin',
          '-loglevel',
          'error',
          ...args,
          '-filter_threads',
          '1',
          '-vf',
          filters,
          '-frames:v',
          String(wanted.length),
          '-f',
          'null',
          '-',
        ],
        { stdio: ['ignore', 'ignore', 'inherit'] },
      );
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}`);
    }),
  );
  return (performance.now() - begun) / 1000;
}

/** An ffmpeg expression that selects exactly these frames. It is a binary search, because ffmpeg refuses long sums. */
function exactly(frames: readonly number[]): string {
  if (frames.length === 1) return `eq(n,${frames[0]!})`;
  const [left, right] = [frames.slice(0, frames.length >> 1), frames.slice(frames.length >> 1)];
  return `if(lt(n,${right[0]!}),${exactly(left)},${exactly(right)})`;
}
