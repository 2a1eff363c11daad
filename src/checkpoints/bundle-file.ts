import { existsSync } from 'node:fs';
import { UsageError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files/files.js';
import { encodeSafetensors, readSafetensors } from './formats/safetensors.js';
import { sealJson, unsealJson } from './sealed.js';
import { hashTensors, type TensorData } from './formats/tensor.js';

/** The key of a bundle's description among the metadata of its safetensors file. */
const key = 'lofi-tal';

/** A trained model in one file: tensors, and what else it takes to use them. */
export interface Bundle {
  /** Plain JSON. */
  readonly description: object;
  readonly tensors: ReadonlyMap<string, TensorData>;
}

/** Writes a bundle: a safetensors file with its description, sealed and bound to the tensors by their sha256, in the metadata. */
export function writeBundle(file: string, { description, tensors }: Bundle): void {
  const sealed = sealJson({ description, sha256: hashTensors(tensors) });
  writeFileAtomic(file, ...encodeSafetensors(tensors, { [key]: sealed }));
}

/**
 * Reads a bundle and verifies it to the bit.
 *
 * @throws UsageError naming the file when it is missing, none, cut short, or not what was written.
 */
export function readBundle(file: string): Bundle {
  if (!existsSync(file)) throw new UsageError(`model bundle not found: ${file}`);
  const { tensors, metadata } = readSafetensors(file);
  const sealed = metadata[key];
  if (sealed === undefined)
    throw new UsageError(`not a model bundle: ${file}: make one with \`lofi export --run DIR --out FILE\``);
  const content = unsealJson(sealed) as { description: object; sha256: string } | null;
  if (content?.sha256 !== hashTensors(tensors))
    throw new UsageError(`damaged model bundle: ${file}: it is not what was exported; copy or export it again`);
  return { description: content.description, tensors };
}
