import { encoderFacts, encodersThat, type EncoderType } from '../../config/encoders.js';
import { UsageError } from '../../system/errors.js';
import type { ParameterSpec } from '../parameters.js';
import { plainName } from '../state.js';

/**
 * How a weight file names an encoder's tensors. `torchvision` is also what our checkpoints use; `tsm` is the
 * checkpoints of TSM's authors: wrapped in `module.base_model.`, shifted convolutions under `.net`, MobileNetV2's blocks
 * numbered flat, the classifier called `new_fc`.
 */
export type Naming = 'torchvision' | 'tsm';

/** The classifier behind the encoder: torchvision's ResNets, EfficientNet-PyTorch, TSM, TSM's MobileNetV2, torchvision's. */
const classifierNames = /^(?:fc|_fc|new_fc|classifier|classifier\.1)\.(weight|bias)$/;
/** MobileNetV2's blocks: block, place in it, the rest. TSM's place is one number, torchvision's one or two. */
const placeInBlock = /^(features\.\d+\.conv)\.(\d+(?:\.\d+)?)\.(\D.*)$/;

/**
 * torchvision's name of each tensor of a file in either naming, with or without wrappers. A classifier is `fc` whatever
 * the file calls it.
 *
 * @returns File's name → torchvision's; two may have the same.
 */
export function torchvisionNames(names: Iterable<string>): Map<string, string> {
  const plain = new Map([...names].map((name) => [name, plainName(name).replace(classifierNames, 'fc.$1')]));
  const all = new Set(plain.values());
  const flat = [...all].some((name) => /^features\.\d+\.conv\.0\.weight$/.test(name));
  return flat ? new Map([...plain].map(([name, own]) => [name, nest(own, all)])) : plain;
}

/**
 * The name in a file of the tensor that is called `name` here.
 *
 * @param type - Of the encoder.
 * @param specs - The encoder's parameters.
 * @returns A function of torchvision's name (`fc.…` for the classifier, `….num_batches_tracked` among them).
 * @throws UsageError when the naming has no names for this encoder.
 */
export function namesIn(naming: Naming, type: EncoderType, specs: readonly ParameterSpec[]): (name: string) => string {
  const { classifier, tsmNaming } = encoderFacts(type);
  if (naming === 'torchvision') return (name) => name.replace(/^fc\./, `${classifier}.`);
  if (!tsmNaming)
    throw new UsageError(`--naming tsm is for ${encodersThat((facts) => facts.tsmNaming)}, not for ${type}`);
  const all = new Set(specs.map((spec) => spec.name));
  const shifted = shiftedConvolutions(specs);
  return (name) => {
    if (name.startsWith('fc.')) return `module.new_${name}`;
    const wrapped = shifted.has(name) ? name.replace(/weight$/, 'net.weight') : name;
    return `module.base_model.${flatten(wrapped, all)}`;
  };
}

/** Weights of the convolutions that TSM wraps ("blockres", lofi_spec §4.2). */
function shiftedConvolutions(specs: readonly ParameterSpec[]): Set<string> {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const isShifted = (name: string): boolean => {
    if (/^layer\d\.\d+\.conv1\.weight$/.test(name)) return true;
    const block = /^features\.(\d+)\.conv\.0\.0\.weight$/.exec(name)?.[1];
    const projection = byName.get(`features.${block ?? ''}.conv.2.weight`);
    // Blocks that expand and keep the shape; the four at stride 2 may keep the channels all the same.
    if (block === undefined || projection?.kind !== 'conv' || [2, 4, 7, 14].includes(Number(block))) return false;
    return byName.get(name)!.shape[2] === projection.shape[3];
  };
  return new Set([...byName.keys()].filter(isShifted));
}

/*
 * A block of MobileNetV2 is [conv, norm, ReLU] groups, then conv and norm alone: two groups where it expands, else one.
 * torchvision nests a group (`1.0`), TSM counts through (`3`). `all` are the names of the encoder.
 */

function nest(name: string, all: ReadonlySet<string>): string {
  const [, block, place, rest] = placeInBlock.exec(name) ?? [];
  if (block === undefined) return name;
  const groups = all.has(`${block}.6.weight`) ? 2 : 1;
  const [group, member] = [Math.floor(Number(place) / 3), Number(place) % 3];
  return `${block}.${group < groups ? `${group}.${member}` : groups + member}.${rest!}`;
}

function flatten(name: string, all: ReadonlySet<string>): string {
  const [, block, place, rest] = placeInBlock.exec(name) ?? [];
  if (block === undefined) return name;
  const groups = all.has(`${block}.3.weight`) ? 2 : 1;
  const [group, member] = place!.split('.').map(Number) as [number, number?];
  return `${block}.${member === undefined ? 2 * groups + group : 3 * group + member}.${rest!}`;
}
