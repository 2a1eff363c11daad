import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { DetectionMetrics } from '../../evaluation/detections.js';
import type { DetectionColumns } from '../../evaluation/columns.js';
import { readDetections, readGroundTruth } from '../../evaluation/result-files.js';
import type { GroundTruth } from '../../evaluation/types.js';
import { stageNames } from '../../config/stages.js';
import { readJson } from '../../system/files/files.js';
import { UsageError } from '../../system/errors.js';

/**
 * One line of metrics.jsonl: a training step (has `loss`) or a validation (has `metrics`). All
 * fields but `stage` may be missing.
 */
export interface LogEntry {
  stage: string;
  step?: number;
  epoch?: number;
  loss?: number;
  terms?: Record<string, number>;
  lr?: number;
  /** Fidelity: snippets × side in pixels, `48x32`. */
  shape?: string;
  /** Duration of the step in seconds; `wait`: the part of it spent waiting for data. */
  seconds?: number;
  wait?: number;
  rssMiB?: number;
  /** Videos or clips of the step that could not be read and were left out. */
  skipped?: string[];
  metrics?: Record<string, number>;
  /** When the line was written, in ISO 8601. */
  time?: string;
}

/** The part of metrics.json that the report shows. */
export type ReportedMetrics = Pick<DetectionMetrics, 'tiou' | 'mAP' | 'average_mAP'> &
  Partial<Pick<DetectionMetrics, 'subset' | 'per_class' | 'counts' | 'unknown'>>;

/** The part of a stage's newest manifest that the report shows. */
export interface StageState {
  stage: string;
  step: number;
  /** Name and version of the engine. */
  engine: string;
  finished: boolean;
  best: { metric: string; value: number; step: number } | null;
}

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
  const configText = readFileSync(file('config.yaml'), 'utf8');
  return {
    name: path.basename(path.resolve(folder)),
    configText,
    config: parseConfig(configText, file('config.yaml')),
    stages: stageNames.flatMap((stage) => readStage(file(path.join('store', stage)), stage)),
    log: optional('metrics.jsonl', readLog) ?? [],
    metrics: optional('metrics.json', readMetrics),
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
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        const entry = JSON.parse(line) as Partial<LogEntry> | null;
        return typeof entry?.stage === 'string' ? [entry as LogEntry] : [];
      } catch {
        return [];
      }
    });
}

/**
 * The newest checkpoint of a stage; none where there is none or it cannot be read, since
 * the report shows what there is.
 */
function readStage(folder: string, stage: string): StageState[] {
  try {
    const newest = readFileSync(path.join(folder, 'latest'), 'utf8').trim();
    const manifest = JSON.parse(readFileSync(path.join(folder, `${newest}.json`), 'utf8')) as Omit<StageState, 'stage'>;
    const { step, engine, finished, best } = manifest;
    return [{ stage, step, engine, finished, best }];
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
  try {
    const config: unknown = parse(text);
    if (typeof config === 'object' && config !== null) return config as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(`config is not YAML: ${file}: ${(error as Error).message.split('\n')[0]!}`);
  }
  throw new UsageError(`config is not a YAML mapping: ${file}`);
}

function readMetrics(file: string): ReportedMetrics {
  const metrics = readJson(file, 'metrics') as Partial<ReportedMetrics> | null;
  if (!Array.isArray(metrics?.tiou) || !Array.isArray(metrics.mAP) || typeof metrics.average_mAP !== 'number') {
    throw new UsageError(`${file}: not a document of \`lofi evaluate --json\` (tiou, mAP, average_mAP)`);
  }
  return metrics as ReportedMetrics;
}
