import { existsSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import type { DetectionMetrics } from '../../evaluation/detections.js';
import type { DetectionColumns } from '../../evaluation/columns.js';
import { readDetections, readGroundTruth } from '../../evaluation/result-files.js';
import type { GroundTruth } from '../../evaluation/types.js';
import { stageNames } from '../../config/stages.js';
import { maxConfigBytes, yamlValues } from '../../config/yaml.js';
import { readJson, readText } from '../../system/files/files.js';
import { UsageError } from '../../system/errors.js';
import {
  classificationSchema,
  logEntrySchema,
  metricsSchema,
  predictionErrorsSchema,
  pretextSchema,
  stageStateSchema,
} from './run-files.js';

/**
 * One line of metrics.jsonl: a training step (has `loss`) or a validation (has `metrics`). All
 * fields but `stage` may be missing.
 */
export type LogEntry = z.output<typeof logEntrySchema>;

/** The part of metrics.json that the report shows. */
export type ReportedMetrics = Pick<DetectionMetrics, 'tiou' | 'mAP' | 'average_mAP'> &
  Partial<Pick<DetectionMetrics, 'subset' | 'per_class' | 'counts' | 'unknown'>>;

/** What `lofi classify` has measured of the run's stage 1. */
export type ReportedClassification = z.output<typeof classificationSchema>;

/** Examples of what `pretext` has learnt. */
export type ReportedPretext = z.output<typeof pretextSchema>;

/** The part of a stage's newest manifest that the report shows. */
export type StageState = z.output<typeof stageStateSchema> & { stage: string };

/** The contents of a run folder. Some of them are missing while the run is under way. */
export interface RunFolder {
  name: string;
  /** config.yaml as text; `config`: the same, parsed. */
  configText: string;
  config: Record<string, unknown>;
  /** Stages with a checkpoint, in the order in which they run. */
  stages: StageState[];
  log: LogEntry[];
  metrics: ReportedMetrics | undefined;
  classification: ReportedClassification | undefined;
  pretext: ReportedPretext | undefined;
  /** How wrongly each snippet of a video was predicted from those before it, by the video's id. */
  predictionErrors: Readonly<Record<string, readonly number[]>> | undefined;
  detections: DetectionColumns | undefined;
  dataset: GroundTruth | undefined;
  /** Absolute path of each video of the dataset, whether the file exists or not. */
  videoFiles: Map<string, string>;
}

/**
 * Reads a run folder.
 *
 * @throws UsageError when it is not a run folder (it has no config.yaml), or a file in it cannot be parsed.
 */
export function readRunFolder(folder: string): RunFolder {
  const file = (name: string) => path.join(folder, name);
  const optional = <T>(name: string, read: (file: string) => T) =>
    existsSync(file(name)) ? read(file(name)) : undefined;
  if (!existsSync(file('config.yaml'))) {
    throw new UsageError(`not a run folder (no config.yaml): ${folder}; give the folder that \`lofi run --run\` wrote`);
  }
  const configText = readText(file('config.yaml'), 'config', maxConfigBytes);
  return {
    name: path.basename(path.resolve(folder)),
    configText,
    config: parseConfig(configText, file('config.yaml')),
    stages: stageNames.flatMap((stage) => readStage(file(path.join('store', stage)), stage)),
    log: optional('metrics.jsonl', readLog) ?? [],
    metrics: optional('metrics.json', readMetrics),
    classification: optional('classification.json', readClassification),
    pretext: optional('pretext.json', readPretext),
    predictionErrors: optional('prediction-errors.json', readPredictionErrors),
    detections: optional('detections.json', readDetections),
    dataset: optional('dataset.json', readGroundTruth),
    videoFiles: optional('dataset.json', readVideoFiles) ?? new Map<string, string>(),
  };
}

/**
 * The lines of a metrics.jsonl that can be parsed and name a stage. A run that was
 * interrupted may have left half a line.
 */
export function readLog(file: string): LogEntry[] {
  return readText(file, 'metrics', maxLogBytes)
    .split('\n')
    .flatMap((line) => logEntrySchema.safeParse(jsonOf(line)).data ?? []);
}

/** A log of a million steps. The text of a larger file would not fit into one string. */
const maxLogBytes = 2 ** 29 - 25;

/** The value of a JSON text; undefined where it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The newest checkpoint of a stage; none where there is none or it cannot be read, since
 * the report shows what there is.
 */
function readStage(folder: string, stage: string): StageState[] {
  try {
    const newest = readText(path.join(folder, 'latest'), 'pointer', 100).trim();
    // Whatever else the file says could lead out of the folder.
    if (!/^\d+$/.test(newest)) return [];
    const state = stageStateSchema.parse(readJson(path.join(folder, `${newest}.json`), 'manifest'));
    return state.step === Number(newest) ? [{ stage, ...state }] : [];
  } catch {
    return [];
  }
}

/** The `path` of each video, which ActivityNet's own format does not have. */
function readVideoFiles(file: string): Map<string, string> {
  const { database } = readJson(file, 'dataset') as { database: Record<string, { path?: unknown }> };
  const folder = path.dirname(path.resolve(file));
  return new Map(
    Object.entries(database).flatMap(([id, video]) =>
      typeof video.path === 'string' ? [[id, path.resolve(folder, video.path)]] : [],
    ),
  );
}

function parseConfig(text: string, file: string): Record<string, unknown> {
  const config = yamlValues(text, file, (line, why) => `config is not YAML: ${file}:${line}: ${why}`);
  if (typeof config === 'object' && config !== null) return config as Record<string, unknown>;
  throw new UsageError(`config is not a YAML mapping: ${file}`);
}

function readMetrics(file: string): ReportedMetrics {
  const metrics = metricsSchema.safeParse(readJson(file, 'metrics'));
  if (metrics.success) return metrics.data;
  throw new UsageError(`${file}: not a document of \`lofi evaluate --json\` (tiou, mAP, average_mAP)`);
}

function readClassification(file: string): ReportedClassification {
  const classification = classificationSchema.safeParse(readJson(file, 'classification'));
  if (classification.success) return classification.data;
  throw new UsageError(`${file}: not as \`lofi classify\` writes it: call it again, or delete the file`);
}

function readPretext(file: string): ReportedPretext {
  const pretext = pretextSchema.safeParse(readJson(file, 'pretext'));
  if (pretext.success) return pretext.data;
  throw new UsageError(`${file}: not as \`lofi pretext\` writes it: call it again, or delete the file`);
}

function readPredictionErrors(file: string): Record<string, number[]> {
  const errors = predictionErrorsSchema.safeParse(readJson(file, 'prediction errors'));
  if (errors.success) return errors.data;
  throw new UsageError(`${file}: not as \`lofi run\` writes it: call it again, or delete the file`);
}
