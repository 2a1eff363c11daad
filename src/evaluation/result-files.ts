import { streamJson, type JsonStream } from '../system/json-stream.js';
import { ColumnsBuilder, toPredictions, type DetectionColumns } from './columns.js';
import type { Annotation, GroundTruth, Predictions, Segment, VideoTruth } from './types.js';

const NO_SEGMENT = '.segment must be two numbers: start and end in seconds';
const NO_SCORE = '.score must be a number';
const NO_LABEL = '.label must be text';

/**
 * Reads a ground-truth file of ActivityNet, or a dataset file, which has the same form.
 *
 * @throws UsageError naming the file, the line, and the field that is wrong.
 */
export function readGroundTruth(file: string): GroundTruth {
  return streamJson(file, 'ground truth', (json) => {
    const row = new RowReader(json, { score: false, label: true });
    let videos = new Map<string, VideoTruth>();
    entriesOf(json, 'database', () => {
      videos = new Map();
      return (id) => videos.set(id, readVideo(json, row, `database.${id}`));
    });
    return { database: Object.fromEntries(videos) };
  });
}

/**
 * Reads a prediction file of ActivityNet, of any size, as columns. A score of `null` or `NaN` becomes NaN. A time that
 * is not finite is refused: its tIoU would be NaN, which the official comparison counts as a hit at every threshold.
 *
 * @param options - `labels`: whether every detection must have a label. If not, those without one get the label ''.
 * @throws UsageError naming the file, the line, and the field that is wrong.
 */
export function readDetections(file: string, options: { labels: boolean } = { labels: true }): DetectionColumns {
  return streamJson(file, 'predictions', (json) => {
    const row = new RowReader(json, { score: true, label: options.labels });
    let columns = new ColumnsBuilder();
    entriesOf(json, 'results', () => {
      columns = new ColumnsBuilder();
      return (id) => {
        columns.video(id);
        const isList = json.array((i) => {
          row.read(() => `results.${id}[${i}]`);
          columns.add(row.start, row.end, row.score, row.label);
        });
        if (!isList) throw json.error(`results.${id} must be a list of {segment, score, label}`);
      };
    });
    return columns.finish();
  });
}

/** Reads like {@link readDetections}, and returns objects. */
export function readPredictions(file: string, options?: { labels: boolean }): Predictions {
  return toPredictions(readDetections(file, options));
}

/**
 * Reads a document {[key]: {id: …}}. `begin` returns the function that reads the value of each id. If the key occurs
 * again, `begin` is called again, so that the last value counts, as in Python's json.
 */
function entriesOf(json: JsonStream, key: string, begin: () => (id: string) => void): void {
  const wrong = `must be a JSON object with an object "${key}" of videos by id`;
  let found = 0;
  const { line } = json;
  json.object((name) => {
    if (name !== key) {
      json.skip();
      return;
    }
    if (!json.object(begin())) throw json.error(wrong);
    found++;
  });
  if (found === 0) throw json.error(wrong, line);
}

function readVideo(json: JsonStream, row: RowReader, where: string): VideoTruth {
  let subset: string | undefined;
  let duration = Number.NaN;
  let annotations: Annotation[] = [];
  let unlabelled: Segment[] = [];
  const { line } = json;
  const isObject = json.object((key) => {
    if (key === 'annotations' && !json.null()) {
      annotations = [];
      const isList = json.array((i) => {
        row.read(() => `${where}.annotations[${i}]`);
        annotations.push({ segment: [row.start, row.end], label: row.label });
      });
      if (!isList) throw json.error(`${where}.annotations must be a list`);
    } else if (key === 'subset') {
      subset = json.text();
      if (subset === undefined) throw json.error(`${where}.subset must be text`);
    } else if (key === 'duration') {
      duration = json.number() ?? (json.skip(), Number.NaN);
    } else if (key === 'unlabelled' && !json.null()) unlabelled = readStretches(json, `${where}.unlabelled`);
    else if (key !== 'annotations') json.skip();
  });
  if (!isObject) throw json.error(`${where} must be an object`);
  if (subset === undefined) throw json.error(`${where}.subset must be text`, line);
  return {
    subset,
    ...(Number.isNaN(duration) ? {} : { duration }),
    annotations,
    ...(unlabelled.length > 0 && { unlabelled }),
  };
}

/** Reads a list of [start, end] in seconds. */
function readStretches(json: JsonStream, where: string): Segment[] {
  const stretches: Segment[] = [];
  const isList = json.array((i) => {
    const times: number[] = [];
    const isPair = json.array(() => {
      const time = json.number();
      if (time === undefined || !Number.isFinite(time)) throw json.error(`${where}[${i}] must be finite seconds`);
      times.push(time);
    });
    if (!isPair || times.length !== 2) throw json.error(`${where}[${i}] must be [start, end] in seconds`);
    stretches.push(times as Segment);
  });
  if (!isList) throw json.error(`${where} must be a list of [start, end]`);
  return stretches;
}

/** Reads {segment, score, label} objects into the same fields one after another, because there may be millions. */
class RowReader {
  start = 0;
  end = 0;
  score = 0;
  label = '';
  private times = 0;
  private scored = false;
  private labelled = false;
  private where = () => '';

  constructor(
    private readonly json: JsonStream,
    private readonly needs: { score: boolean; label: boolean },
  ) {}

  /**
   * Reads the next object.
   *
   * @param where - Names the object in messages.
   */
  read(where: () => string): void {
    this.reset(where);
    const { line } = this.json;
    if (!this.json.object(this.field)) throw this.json.error(`${where()} must be an object`);
    if (this.times !== 2) throw this.json.error(`${where()}${NO_SEGMENT}`, line);
    if (this.needs.score && !this.scored) throw this.json.error(`${where()}${NO_SCORE}`, line);
    if (this.needs.label && !this.labelled) throw this.json.error(`${where()}${NO_LABEL}`, line);
  }

  private reset(where: () => string): void {
    this.where = where;
    this.times = 0;
    this.scored = false;
    this.labelled = false;
    this.label = '';
  }

  private readonly field = (key: string): void => {
    if (key === 'segment') {
      this.times = 0;
      if (!this.json.array(this.time)) this.fail(NO_SEGMENT);
    } else if (key === 'score' && this.needs.score) {
      this.score = this.json.number() ?? this.fail(NO_SCORE);
      this.scored = true;
    } else if (key === 'label') {
      this.label = this.json.text() ?? this.fail(NO_LABEL);
      this.labelled = true;
    } else this.json.skip();
  };

  private readonly time = (i: number): void => {
    const time = this.json.number() ?? this.fail(`.segment[${i}] must be a number`);
    if (!Number.isFinite(time)) this.fail(`.segment[${i}] must be a finite number of seconds`);
    if (i === 0) this.start = time;
    else this.end = time;
    this.times = i + 1;
  };

  private fail(wrong: string): never {
    throw this.json.error(`${this.where()}${wrong}`);
  }
}
