import { UsageError } from '../../system/errors.js';
import { zipMembers } from '../../system/files/zip.js';
import { printable } from '../../system/printable.js';
import { chooseMatrix, readBytesOf, type Matrix } from './matrix.js';
import { parseNpy } from './npy.js';

/**
 * Reads the matrix of an .npz. Where it holds several arrays, {@link chooseMatrix} decides.
 *
 * @throws UsageError naming the file, the array, and what is wrong.
 */
export function readNpzMatrix(file: string): Matrix {
  const members = zipMembers(readBytesOf(file), file).filter(({ name }) => name.endsWith('.npy'));
  if (members.length > maxArrays)
    throw new UsageError(`${file}: ${members.length} arrays in it (at most ${maxArrays} are allowed)`);
  // Only the array that is chosen is unpacked; of the others the header is enough.
  const arrays = members.map(({ name, size, head, read }) =>
    parseNpy(head(), `${file}(${printable(name, 40)})`, name.slice(0, -'.npy'.length), { size, read }),
  );
  return chooseMatrix(file, arrays);
}

/** No published file has more arrays than a video has kinds of features. */
const maxArrays = 1000;
