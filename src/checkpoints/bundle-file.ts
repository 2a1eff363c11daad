import { existsSync } from 'node:fs';
import { UsageError } from '../system/errors.js';
import { writeFileAtomic } from '../system/files/files.js';
import { encodeSafetensors, readSafetensors } from './formats/safetensors.js';
import { sealJson, unsealJson } from './sealed.js';
import { hashTensors, requireFiniteTensor, type TensorData } from './formats/tensor.js';

/** The metadata key of a bundle's safetensors file that holds the description. */
const key = 'lofi-tal';

/** A trained model in one file: its tensors, and a description of how to use them. */
export interface Bundle {
  /** Plain JSON. */
  readonly description: object;
  readonly tensors: ReadonlyMap<string, TensorData>;
}

/**
 * Writes a bundle: a safetensors file whose metadata hold the description, sealed together with the sha256 of the
 * tensors.
 */
export function writeBundle(file: string, { description, tensors }: Bundle): void {
  const sealed = sealJson({ description, sha256: hashTensors(tensors) });
  writeFileAtomic(file, ...encodeSafetensors(tensors, { [key]: sealed }));
}

/**
 * Reads a bundle and verifies every bit of it.
 *
 * @throws UsageError naming the file when it is missing, not a bundle, cut short, or changed since it was written.
 */
export function readBundle(file: string): Bundle {
  if (!existsSync(file)) throw new UsageError(`model bundle not found: ${file}`);
  const { tensors, metadata } = readSafetensors(file);
  const sealed = metadata[key];
  if (sealed === undefined)
    throw new UsageError(`not a model bundle: ${file}: make one with \`lofi export --run DIR --out FILE\``);
  const content = unsealJson(sealed) as { description: object; sha256: string } | null;
  if (content?.sha256 !== hashTensors(tensors))
    throw new UsageError(
      `damaged model bundle: ${file}: its content has changed since the export; copy or export it again`,
    );
  for (const [name, tensor] of tensors) requireFiniteTensor(name, tensor, `model bundle ${file}`);
  return { description: content.description, tensors };
}
