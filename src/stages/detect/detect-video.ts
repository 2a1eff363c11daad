import type { Features } from '../../checkpoints/feature-store.js';
import type { Video } from '../../data/dataset.js';
import { streamFrames } from '../../data/frames/stream.js';
import { secondsOf } from '../../data/views/fractions.js';
import type { Detection } from '../../evaluation/types.js';
import type { HeadProposal } from '../../models/heads/head.js';
import { validSnippets, type Window } from '../../models/heads/windows.js';
import { WorkError } from '../../system/errors.js';
import { encodeFrames, fullFidelityRequest, snippetsAtOnce } from '../encoder/full-fidelity.js';
import { ownProposals, planWindows, thinned, withNeighbours, type Plan } from '../localize/long-video.js';
import { named, thin, windowProposals } from '../localize/localizer.js';
import type { TrainedModel } from './trained-model.js';

/** The detections of one window of a video. */
export interface FoundInWindow {
  /** Best first, with times in seconds on the clock of the video's container. */
  detections: Detection[];
  /** The fraction of the video that is done, in (0, 1]. */
  done: number;
}

/** A window with its features and the head's proposals, in snippets of the video, best first. */
interface SeenWindow {
  window: Window;
  features: Features;
  proposals: HeadProposal[];
}

/**
 * Finds actions in a video file, window by window ({@link planWindows}), in one pass, so that memory does not grow with
 * the video. For a video of one window the result is the same as `localize` gives for videos of the dataset.
 *
 * @param video - The video as `probe` has measured it.
 * @throws WorkError naming the file when it cannot be decoded.
 */
export async function* detectVideo(model: TrainedModel, video: Video): AsyncGenerator<FoundInWindow> {
  const plan = planWindows(model.config, model.longest, video);
  const frames = plan.snippets * model.config.encoder.frames;
  if (frames > mostFrames)
    throw new WorkError(
      `${video.path}: ${plan.snippets} snippets of ${model.config.encoder.frames} frames would be read of it, more ` +
        `than ${mostFrames} frames: the model sees too little of a video at once for one of ${video.duration} s`,
    );
  const { detect, data } = model.config;
  for await (const { item, neighbours } of withNeighbours(seenWindows(model, video, plan))) {
    const { window, features } = item;
    const others = neighbours.flatMap(({ proposals }) => proposals);
    const kept = thinned(item.proposals, others, detect.softNmsSigma).map(({ start, end, ...rest }) => ({
      start: (start - window.start) / window.snippets,
      end: (end - window.start) / window.snippets,
      ...rest,
    }));
    const seconds = (fraction: number) => {
      const ofVideo = Math.min(1, Math.max(0, (window.start + fraction * window.snippets) / plan.snippets));
      return secondsOf(video, data.fps, ofVideo);
    };
    yield {
      detections: named(model.localizer, features, kept, detect.classes)
        .map(({ label, score, start, end }) => ({ label, score, segment: [seconds(start), seconds(end)] as const }))
        .filter(({ segment: [start, end] }) => start < end)
        .map(({ segment: [start, end], ...detection }) => ({ ...detection, segment: [start, end] })),
      done: Math.min(1, (window.start + window.snippets) / plan.snippets),
    };
  }
}

/**
 * The most frames that are read of a video: 12 days at 30 frames per second. Their numbers are planned beforehand, and
 * a model that was trained on videos of a second would plan more of them than fit into memory.
 */
const mostFrames = 2 ** 25;

/** Yields each window with its proposals as soon as its last snippet has been decoded. */
async function* seenWindows(
  { config, encoder, localizer }: TrainedModel,
  video: Video,
  plan: Plan,
): AsyncGenerator<SeenWindow> {
  const request = fullFidelityRequest(config, video, plan.snippets);
  const { channels } = encoder.encoder;
  const rows = new Rows(channels);
  const windows = plan.windows.values();
  let next = windows.next();
  const length = snippetsAtOnce(config) * config.encoder.frames;
  for await (const frames of streamFrames(request, length, config.data.prefetch)) {
    for (const features of encodeFrames(config, encoder, frames)) rows.add(features);
    while (!next.done && rows.end >= Math.min(plan.snippets, next.value.start + next.value.snippets)) {
      const window = next.value;
      const features: Features = { data: rows.of(window), shape: [window.snippets, channels] };
      const found = windowProposals(localizer, features, validSnippets(window, plan.snippets), config.detect);
      yield { window, features, proposals: thin(localizer, ownProposals(found, window, plan), config.detect) };
      next = windows.next();
      if (!next.done) rows.forget(next.value.start);
    }
  }
}

/** The feature rows of a video that are still needed. */
class Rows {
  private rows: Float32Array[] = [];
  private first = 0;

  constructor(private readonly channels: number) {}

  /** The number of the row that is added next. */
  get end(): number {
    return this.first + this.rows.length;
  }

  add(features: Float32Array): void {
    for (let at = 0; at < features.length; at += this.channels)
      this.rows.push(features.subarray(at, at + this.channels));
  }

  /** The features of a window, `[snippets, C]`, with zeros beyond the video's end. */
  of({ start, snippets }: Window): Float32Array {
    const data = new Float32Array(snippets * this.channels);
    this.rows.slice(start - this.first, start - this.first + snippets).forEach((row, i) => {
      data.set(row, i * this.channels);
    });
    return data;
  }

  /** Drops the rows before a number. */
  forget(before: number): void {
    this.rows = this.rows.slice(before - this.first);
    this.first = before;
  }
}
