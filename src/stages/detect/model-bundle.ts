import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readBundle, writeBundle } from '../../checkpoints/bundle-file.js';
import { configSchema, type Config } from '../../config/schema.js';
import { classifiesSegments } from '../../config/stages.js';
import { randomStream } from '../../engine/random.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import { buildHead } from '../../models/heads/head-catalogue.js';
import { Parameters } from '../../models/parameters.js';
import { exportParts, importParts, tensorName } from '../../models/parts.js';
import { requireFit, type State } from '../../models/state.js';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { freshLocalizer } from '../localize/localizer.js';
import type { Run } from '../run/run.js';
import { loadedEncoder } from '../encoder/run-encoder.js';
import { segmentLayersOf } from '../segments/segment-layers-of.js';
import { toState, toTensors } from '../training/snapshot.js';
import { insane } from './bundle-limits.js';
import { modelOfRun, trainedModel, type TrainedModel } from './trained-model.js';

const version = 1;

/** The description that a bundle holds besides the tensors. */
const descriptionSchema = z.object({
  version: z.int(),
  classes: z.array(z.string().min(1)).min(1),
  longest: z.number().positive(),
  config: z.object({
    encoder: z.record(z.string(), z.unknown()),
    model: z.record(z.string(), z.unknown()),
    full: z.object({ snippets: z.int(), size: z.int() }),
    segments: z.record(z.string(), z.unknown()).optional(),
    detect: z.record(z.string(), z.unknown()),
    data: z.object({ resize: z.string(), fps: z.number().nullable().default(null) }),
  }),
});

/**
 * Writes the trained model of a run as one file, which `detect --model` and `loadModel` can use on any machine
 * ({@link writeModel}).
 *
 * @throws UsageError when the run is not finished, or has no encoder.
 */
export function exportBundle(run: Run, file: string): void {
  using model = modelOfRun(run);
  writeModel(file, model, origin(run));
}

/**
 * Writes a model: encoder, head, classifier, classes, and the part of the configuration that detection depends on. The
 * file contains no paths.
 *
 * @param origin - How the model was made, for people.
 */
export function writeModel(file: string, { config, encoder, localizer, longest }: TrainedModel, origin: object): void {
  const tensors = toTensors(exportParts({ encoder: encoder.parameters, ...localizer.parts }));
  const description = { version, classes: localizer.classes, longest, config: bundledConfig(config), origin };
  writeBundle(file, { description, tensors });
}

/** The keys that detection in files depends on, without those that name files of the training machine. */
function bundledConfig({ encoder, model, full, segments, detect, data: { resize, fps } }: Config): object {
  return {
    encoder: { ...encoder, weights: null },
    model,
    full,
    segments,
    detect: { ...detect, scores: null, normalizeScores: false },
    data: { resize, fps },
  };
}

/** How the model was made, for people: program, engine, seed and checkpoints. */
function origin({ store, config }: Run): object {
  const packageFile = new URL('../../../package.json', import.meta.url);
  const { name, version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { name: string; version: string };
  const head = store.load('head', 'best')!.manifest;
  const { stage, step, sha256 } = head.parents[0]!;
  return {
    program: `${name} ${version}`,
    engine: head.engine,
    seed: config.seed,
    features: { stage, step, sha256 },
    head: { step: head.step, sha256: head.sha256, best: head.best },
  };
}

/**
 * Loads a model that {@link writeModel} wrote. The engine must have been started.
 *
 * @throws UsageError naming the file when it is not a bundle, damaged, of an unknown version, or when its configuration
 *   asks for other sizes than its tensors have, or for more than {@link insane} allows.
 */
export function loadBundle(file: string): TrainedModel {
  const bundle = readBundle(file);
  const { config, classes, longest } = readDescription(file, bundle.description);
  const state = toState(bundle.tensors);
  requireSizes(file, config, classes.length, state);
  const encoder = buildEncoder(config.encoder);
  const loaded = loadedEncoder(encoder, new Parameters(encoder.parameters, randomStream(0, 'bundle')));
  const localizer = freshLocalizer(config, encoder.channels, classes);
  const model = trainedModel({ config, encoder: loaded, localizer, longest });
  try {
    importParts({ encoder: loaded.parameters, ...localizer.parts }, state, file);
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
  return model;
}

/**
 * Checks that the sizes of a bundle's configuration are those of its tensors, before there is memory for a model of
 * them.
 *
 * @throws UsageError listing what is missing or of another shape.
 */
function requireSizes(file: string, config: Config, classes: number, state: State): void {
  const encoder = buildEncoder(config.encoder);
  using head = buildHead(config.model, encoder.channels, classes);
  requireFit(encoder.parameters, state, file, tensorName('encoder', ''));
  requireFit(head.parameters, state, file, tensorName('head', ''));
  if (classifiesSegments(config)) {
    const { parameters } = segmentLayersOf(config, encoder.channels, classes);
    requireFit(parameters, state, file, tensorName('classifier', ''));
  }
}

function readDescription(file: string, description: object): { config: Config; classes: string[]; longest: number } {
  const unknown = (what: string) =>
    new UsageError(`model bundle of another version: ${file}: ${printable(what)}; export it again with this version`);
  const parsed = descriptionSchema.safeParse(description);
  if (parsed.data && parsed.data.version !== version) throw unknown(`it is of version ${parsed.data.version}`);
  if (!parsed.success) throw unknown(complaint(parsed.error));
  const { config, classes, longest } = parsed.data;
  // The default shapes of stage 2 may not fit the model; any valid shape does, because detection does not use it.
  const full = configSchema.safeParse({ ...config, joint: { shapes: [config.full] } });
  if (!full.success) throw unknown(complaint(full.error));
  const problem = insane(full.data, longest);
  if (problem !== undefined) throw new UsageError(`model bundle refused: ${file}: ${problem}`);
  return { config: full.data, classes, longest };
}

function complaint({ issues: [issue] }: z.ZodError): string {
  return `${issue!.path.join('.')}: ${issue!.message}`;
}
