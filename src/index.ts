/**
 * The programming interface of lofi-tal: trained models, the evaluator, configurations and dataset files. Only
 * {@link loadModel} loads an engine, and only when it is called. Training is done with commands (`lofi --help`); its
 * functions still change and are not exported.
 *
 * @packageDocumentation
 */
export { configJsonSchema, loadConfig, type LoadedConfig } from './config/load.js';
export { configSchema, type Config } from './config/schema.js';
export { loadDataset, saveDataset, videosOf, type Dataset, type Instance, type Video } from './data/dataset.js';
export { evaluateDetections, type DetectionCounts, type DetectionMetrics } from './evaluation/detections.js';
export { analyse } from './evaluation/analysis/analyse.js';
export { analysisPresets, type Bins } from './evaluation/analysis/bins.js';
export { precisionRecall, type PrecisionRecall } from './evaluation/analysis/precision-recall.js';
export type {
  Analysis,
  Characteristic,
  ErrorType,
  FalseNegativeBucket,
  FalsePositives,
  LabelConfusion,
  Outcome,
  SensitivityBucket,
} from './evaluation/analysis/analysis-types.js';
export type { DetectionColumns } from './evaluation/columns.js';
export { readDetections, readGroundTruth, readPredictions } from './evaluation/result-files.js';
export { nms } from './evaluation/suppression/nms.js';
export { evaluateProposals, type ProposalMetrics } from './evaluation/average-recall.js';
export { randomProposals } from './evaluation/random-proposals.js';
export { temporalIou } from './evaluation/segments.js';
export { selectVideos, type MissingPolicy, type Selection } from './evaluation/select.js';
export { softNms, type Proposal } from './evaluation/suppression/soft-nms.js';
export { parseTiou, presets, type Preset } from './evaluation/tiou.js';
export { weightedVoting } from './evaluation/suppression/weighted-voting.js';
export type { Annotation, Detection, GroundTruth, Predictions, Segment, VideoTruth } from './evaluation/types.js';
export { loadModel, type FoundAction, type Model } from './load-model.js';
export { LofiError, UsageError, WorkError } from './system/errors.js';
