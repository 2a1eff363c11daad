import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readBundle, writeBundle } from '../../checkpoints/bundle-file.js';
import { configSchema, type Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import { Parameters } from '../../models/parameters.js';
import { exportParts, importParts } from '../../models/parts.js';
import { UsageError } from '../../system/errors.js';
import { printable } from '../../system/printable.js';
import { freshLocalizer } from '../localize/localizer.js';
import type { Run } from '../run/run.js';
import { loadedEncoder } from '../encoder/run-encoder.js';
import { toState, toTensors } from '../training/snapshot.js';
import { modelOfRun, trainedModel, type TrainedModel } from './trained-model.js';

const version = 1;

/** What stands in a bundle besides the tensors. */
const descriptionSchema = z.object({
  version: z.int(),
  classes: z.array(z.string().min(1)).min(1),
  longest: z.number().positive(),
  config: z.object({
    encoder: z.record(z.string(), z.unknown()),
    model: z.record(z.string(), z.unknown()),
    full: z.object({ snippets: z.int(), size: z.int() }),
    detect: z.record(z.string(), z.unknown()),
    data: z.object({ resize: z.string(), fps: z.number().nullable().default(null) }),
  }),
});

/**
 * Writes what a run has trained as one file, which `detect --model` and `loadModel` use anywhere ({@link writeModel}).
 *
 * @throws UsageError where the run is not finished, or has no encoder.
 */
export function exportBundle(run: Run, file: string): void {
  using model = modelOfRun(run);
  writeModel(file, model, origin(run));
}

/**
 * Writes a model: encoder, head, classifier, classes, the part of the configuration that detection depends on, and for
 * people where it came from. No paths are in it.
 */
export function writeModel(file: string, { config, encoder, localizer, longest }: TrainedModel, origin: object): void {
  const tensors = toTensors(exportParts({ encoder: encoder.parameters, ...localizer.parts }));
  const description = { version, classes: localizer.classes, longest, config: bundledConfig(config), origin };
  writeBundle(file, { description, tensors });
}

/** What detection in files depends on; what names files of the training machine is left out. */
function bundledConfig({ encoder, model, full, detect, data: { resize, fps } }: Config): object {
  return {
    encoder: { ...encoder, weights: null },
    model,
    full,
    detect: { ...detect, scores: null, normalizeScores: false },
    data: { resize, fps },
  };
}

/** For people: what the model was made with, and of which checkpoints. */
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
 * @throws UsageError naming the file when it is no bundle, damaged, or of a version that is not known here.
 */
export function loadBundle(file: string): TrainedModel {
  const bundle = readBundle(file);
  const { config, classes, longest } = readDescription(file, bundle.description);
  const encoder = buildEncoder(config.encoder);
  const loaded = loadedEncoder(encoder, new Parameters(encoder.parameters, randomStream(0, 'bundle')));
  const localizer = freshLocalizer(config, encoder.channels, classes);
  const model = trainedModel({ config, encoder: loaded, localizer, longest });
  try {
    importParts({ encoder: loaded.parameters, ...localizer.parts }, toState(bundle.tensors), file);
  } catch (error) {
    model[Symbol.dispose]();
    throw error;
  }
  return model;
}

function readDescription(file: string, description: object): { config: Config; classes: string[]; longest: number } {
  const unknown = (what: string) =>
    new UsageError(`model bundle of another version: ${file}: ${printable(what)}; export it again with this version`);
  const parsed = descriptionSchema.safeParse(description);
  if (parsed.data && parsed.data.version !== version) throw unknown(`it is of version ${parsed.data.version}`);
  if (!parsed.success) throw unknown(complaint(parsed.error));
  const { config, classes, longest } = parsed.data;
  // The default shapes of training need not suit the model.
  const full = configSchema.safeParse({ ...config, joint: { shapes: [config.full] } });
  if (!full.success) throw unknown(complaint(full.error));
  return { config: full.data, classes, longest };
}

function complaint({ issues: [issue] }: z.ZodError): string {
  return `${issue!.path.join('.')}: ${issue!.message}`;
}
