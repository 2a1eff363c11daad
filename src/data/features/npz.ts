import { chooseMatrix, readBytesOf, type Matrix } from './matrix.js';
import { parseNpy } from './npy.js';
import { zipMembers } from '../../system/files/zip.js';

/**
 * Reads the matrix of an .npz. Where it holds several arrays, {@link chooseMatrix} decides.
 *
 * @throws UsageError naming the file, the array, and what is wrong.
 */
export function readNpzMatrix(file: string): Matrix {
  const arrays = zipMembers(readBytesOf(file), file)
    .filter(({ name }) => name.endsWith('.npy'))
    .map(({ name, read }) => parseNpy(read(), `${file}(${name})`, name.slice(0, -'.npy'.length)));
  return chooseMatrix(file, arrays);
}
