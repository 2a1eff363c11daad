import path from 'node:path';
import { readSafetensorsHeader, readTensors } from '../../checkpoints/formats/safetensors.js';
import type { TensorData } from '../../checkpoints/formats/tensor.js';
import { readCsvMatrix } from '../../data/features/csv-matrix.js';
import { chooseMatrix, requireFinite, squeezed, type Matrix } from '../../data/features/matrix.js';
import { readNpyMatrix } from '../../data/features/npy.js';
import { readNpzMatrix } from '../../data/features/npz.js';

const readers: Readonly<Record<string, (file: string) => Matrix>> = {
  '.npy': readNpyMatrix,
  '.npz': readNpzMatrix,
  '.csv': readCsvMatrix,
  '.safetensors': readSafetensorsMatrix,
};

/** Extensions of the feature files that {@link readMatrix} reads. */
export const matrixExtensions = Object.keys(readers);

/**
 * Reads a feature file.
 *
 * @param file - Its extension is one of {@link matrixExtensions}.
 * @throws UsageError naming what is wrong with the file.
 */
export function readMatrix(file: string): Matrix {
  return readers[path.extname(file).toLowerCase()]!(file);
}

function readSafetensorsMatrix(file: string): Matrix {
  const header = readSafetensorsHeader(file);
  return chooseMatrix(
    file,
    header.entries.map((entry) => ({
      name: entry.name,
      shape: entry.shape,
      floats: ['F16', 'BF16', 'F32', 'F64'].includes(entry.dtype),
      read: () => {
        const [[, tensor]] = [...readTensors(header, [entry])] as [[string, TensorData]];
        const matrix = {
          data: Float32Array.from(tensor.data as Float32Array | Float64Array),
          shape: squeezed(entry.shape)!,
        };
        requireFinite(file, matrix);
        return matrix;
      },
    })),
  );
}
