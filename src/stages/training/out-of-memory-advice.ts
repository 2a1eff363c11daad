import { isDeepStrictEqual } from 'node:util';
import { encoderFacts } from '../../config/encoder-facts.js';
import { headFacts, type HeadFacts, type Setting } from '../../config/head-facts.js';
import type { Config } from '../../config/schema.js';
import { fidelities, lowFidelityShapes } from '../../config/sections/low-fidelity.js';
import type { StageName } from '../../config/stages.js';
import { isOutOfMemory } from '../../engine/out-of-memory.js';
import { WorkError } from '../../system/errors.js';

/** Runs a step; where it does not fit into memory, throws a {@link WorkError} that says which key makes it fit. */
export function withinMemory<T>(
  config: Config,
  stage: StageName,
  { items, shape }: { items: number; shape: string },
  step: () => T,
): T {
  try {
    return step();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new WorkError(
      `${stage}: out of memory with ${items} × ${shape} through the network at once. ` +
        lessMemory(config, stage, items),
    );
  }
}

/** What to set so that a stage needs less memory, where `items` videos or clips go through the network at once. */
export function lessMemory(config: Config, stage: StageName, items: number): string {
  const alternatives = smallerSettings(config, stage, items);
  if (alternatives.length === 0) return 'No setting makes it smaller: it needs a machine with more memory.';
  return `Set ${alternatives.map((together) => together.join(' and ')).join(', or ')}.`;
}

/**
 * Settings that make a stage smaller. Each alternative is a list of settings that go together; there is none where
 * every key is at its least. As long as the model and what it sees can stay as they are, there is one alternative.
 */
export function smallerSettings(config: Config, stage: StageName, items: number): Setting[][] {
  const { pretrain, joint, full, head } = config;
  const single = (settings: readonly Setting[]) => settings.map((setting) => [setting]);
  const others = (...settings: Setting[][]) => single([...settings.flat(), ...smallerEncoder(config)]);
  switch (stage) {
    case 'pretext':
      return items > 1 ? [fewerAtOnce(stage, items)] : single(smallerLstm(config));
    case 'pretrain':
      if (pretrain.multigrid === null && items > 1) return [fewerAtOnce(stage, items)];
      if (pretrain.multigrid && items > 1 && pretrain.multigrid.batchNormBase > 1)
        return [[`pretrain.multigrid.batchNormBase=${half(pretrain.multigrid.batchNormBase)}`]];
      return others(smallerFrames('pretrain.size', pretrain.size));
    case 'joint':
      if (items > 1) return [fewerAtOnce(stage, items)];
      if (snippetsRecorded(joint) > 1) return [shorterChunks(joint)];
      return others(smallerShapes(config), smallerHead(config));
    case 'extract':
      return others(smallerFrames('full.size', full.size), fewerSnippets(config));
    case 'segments':
      return single(head.views > 1 ? [`head.views=${head.views - 1}`] : fewerSnippets(config));
    case 'head':
      return items > 1 ? [fewerAtOnce(stage, items)] : single([...smallerHead(config), ...fewerSnippets(config)]);
  }
}

const half = (count: number): number => Math.floor(count / 2);

function fewerAtOnce(stage: 'pretext' | 'pretrain' | 'joint' | 'head', items: number): Setting[] {
  return [`${stage}.microBatch=${half(items)}`];
}

function smallerLstm({ model: { lstm } }: Config): Setting[] {
  return lstm.units > 1 ? [`model.lstm.units=${half(lstm.units)}`] : [];
}

/** The most snippets of one video that the encoder sees at once in `joint`. */
function snippetsRecorded({ shapes, gradient, chunk }: Config['joint']): number {
  const longest = Math.max(...shapes.map(({ snippets }) => snippets));
  return gradient === 'chunked' ? Math.min(chunk, longest) : longest;
}

/** Fewer snippets through the encoder at once in `joint`: one video is there at a time. */
function shorterChunks(joint: Config['joint']): Setting[] {
  const shorter = half(snippetsRecorded(joint));
  if (joint.gradient === 'chunked') return [`joint.chunk=${shorter}`];
  return joint.chunk <= shorter ? ['joint.gradient=chunked'] : ['joint.gradient=chunked', `joint.chunk=${shorter}`];
}

/** Frames with a side of fewer pixels than these show nothing. */
const leastSize = 32;

/** The side of frames of half as many pixels. */
const smallerSize = (size: number): number => Math.max(leastSize, Math.round(size / Math.SQRT2));

function smallerFrames(key: 'full.size' | 'pretrain.size', size: number): Setting[] {
  return size > leastSize ? [`${key}=${smallerSize(size)}`] : [];
}

/** Smaller frames in `joint`: by `full`, where its shapes are made of that. */
function smallerShapes({ joint: { shapes }, full }: Config): Setting[] {
  if (fidelities.some((fidelity) => isDeepStrictEqual(lowFidelityShapes(fidelity, full), shapes)))
    return smallerFrames('full.size', full.size);
  if (shapes.every(({ size }) => size <= leastSize)) return [];
  const smaller = shapes.map(
    ({ snippets, size }) => `{ snippets: ${snippets}, size: ${size > leastSize ? smallerSize(size) : size} }`,
  );
  return [`joint.shapes=[${smaller.join(', ')}]`];
}

function smallerHead({ model }: Config): Setting[] {
  return (headFacts[model.type] as HeadFacts).smaller(model);
}

/** Fewer snippets for the head: shorter windows, or fewer snippets a video. */
function fewerSnippets({ model, full }: Config): Setting[] {
  const least = (headFacts[model.type] as HeadFacts).leastSnippets(model);
  if (model.window) {
    const shorter = half(model.window.snippets);
    return shorter >= least ? [`model.window.snippets=${shorter}`] : [];
  }
  // Low-fidelity shapes may have a quarter of them.
  const fewer = half(full.snippets);
  return fewer >= 4 * least ? [`full.snippets=${fewer}`] : [];
}

/** A narrower encoder, where no weights are given, and fewer frames that are read ahead. */
function smallerEncoder({ encoder: { type, width, weights }, data: { prefetch } }: Config): Setting[] {
  const unit = weights === null ? encoderFacts(type).width?.unit : undefined;
  const narrower = unit === 'channels' ? half(width) : width / 2;
  const least = unit === 'channels' ? 8 : 0.25;
  return [
    ...(unit !== undefined && narrower >= least ? [`encoder.width=${narrower}` as const] : []),
    ...(prefetch > 1 ? (['data.prefetch=1'] as const) : []),
  ];
}
