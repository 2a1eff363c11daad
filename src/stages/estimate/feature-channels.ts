import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../../config/schema.js';
import { agreedLayout, type Shaped } from '../../data/features/matrix-layout.js';
import { buildEncoder } from '../../models/encoders/encoder-catalogue.js';
import { UsageError } from '../../system/errors.js';
import { matrixExtensions, readMatrix } from '../features/read-matrix.js';
import { dataPath } from '../run/run-dataset.js';

/** Channels of the features that a head sees. */
export interface FeatureChannels {
  channels: number;
  /** One sentence where they are assumed. */
  assumed?: string;
}

/** Channels of published features of which no file can be read: those of I3D's two streams, which many sets have. */
const usualChannels = 2048;

/** So many files are read to tell which of their axes is time. */
const filesRead = 4;

/** Channels of a feature, C: those of the encoder, or of the files in `data.features`. */
export function featureChannels(config: Config): FeatureChannels {
  const { features } = config.data;
  if (features === null) return { channels: buildEncoder(config.encoder).channels };
  try {
    return { channels: publishedChannels(config, dataPath(config, features)) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return {
      channels: usualChannels,
      assumed: `Features are assumed to have ${usualChannels} channels: ${error.message}.`,
    };
  }
}

function publishedChannels({ data, model, full }: Config, folder: string): number {
  const names = listing(folder).filter((name) => matrixExtensions.includes(path.extname(name).toLowerCase()));
  if (names.length === 0) throw new UsageError(`no feature files in ${folder}`);
  const read = names.slice(0, data.featureLayout === 'auto' ? filesRead : 1).map((name): Shaped => {
    const file = path.join(folder, name);
    return { file, shape: readMatrix(file).shape };
  });
  const layout = agreedLayout(read, data.featureLayout, model.window ? null : full.snippets);
  return read[0]!.shape[layout === 'rows' ? 1 : 0];
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`folder of features not readable: ${folder} (${code ?? 'error'})`);
  }
}
