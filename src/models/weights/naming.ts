import { encoderFacts, encodersThat, type EncoderType } from '../../config/encoder-facts.js';
import { UsageError } from '../../system/errors.js';
import type { ParameterSpec } from '../parameters.js';
import { plainName } from '../state.js';

/**
 * How a weight file names an encoder's tensors. `torchvision` is also what our checkpoints use. `tsm` is how the
 * checkpoints of TSM's authors do it: names begin with `module.base_model.`, weights of shifted convolutions end in
 * `.net.weight`, MobileNetV2's blocks are numbered flat, and the classifier is called `new_fc`.
 */
export type Naming = 'torchvision' | 'tsm';

/**
 * Names of the classifier behind the encoder: torchvision's ResNets, EfficientNet-PyTorch, TSM, TSM's MobileNetV2,
 * torchvision's MobileNetV2.
 */
const classifierNames = /^(?:fc|_fc|new_fc|classifier|classifier\.1)\.(weight|bias)$/;
/** AlexNet's, whose `classifier.1` and `classifier.4` are hidden layers. */
const alexnetClassifierNames = /^(?:fc|classifier\.6)\.(weight|bias)$/;
const ofAlexnet = /^classifier\.[46]\.weight$/;
/**
 * A name in a block of MobileNetV2: the block, the place in it (one number in TSM, one or
 * two in torchvision), the rest.
 */
const placeInBlock = /^(features\.\d+\.conv)\.(\d+(?:\.\d+)?)\.(\D.*)$/;

/**
 * torchvision's name for each tensor of a file in either naming, with or without wrappers. A classifier is called `fc`
 * whatever the file calls it.
 *
 * @returns A map from the file's name to torchvision's. Two tensors may get the same name.
 */
export function torchvisionNames(names: Iterable<string>): Map<string, string> {
  const own = [...names].map((name) => [name, plainName(name)] as const);
  const classifier = own.some(([, name]) => ofAlexnet.test(name)) ? alexnetClassifierNames : classifierNames;
  const plain = new Map(own.map(([name, plain]) => [name, plain.replace(classifier, 'fc.$1')]));
  const all = new Set(plain.values());
  const flat = [...all].some((name) => /^features\.\d+\.conv\.0\.weight$/.test(name));
  return flat ? new Map([...plain].map(([name, own]) => [name, nest(own, all)])) : plain;
}

/**
 * How a file in `naming` names the tensors of an encoder.
 *
 * @param type - The encoder's name.
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

/** Weights of the convolutions that TSM wraps ("blockres", docs/method.md §3.2). */
function shiftedConvolutions(specs: readonly ParameterSpec[]): Set<string> {
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const isShifted = (name: string): boolean => {
    if (/^layer\d\.\d+\.conv1\.weight$/.test(name)) return true;
    const block = /^features\.(\d+)\.conv\.0\.0\.weight$/.exec(name)?.[1];
    const projection = byName.get(`features.${block ?? ''}.conv.2.weight`);
    // TSM shifts blocks that expand and keep the shape. The four blocks at stride 2 may keep the channels but do not
    // count.
    if (block === undefined || projection?.kind !== 'conv' || [2, 4, 7, 14].includes(Number(block))) return false;
    return byName.get(name)!.shape[2] === projection.shape[3];
  };
  return new Set([...byName.keys()].filter(isShifted));
}

/**
 * In MobileNetV2 a block is a list of [conv, norm, ReLU] groups (two where it expands, otherwise one), then conv and
 * norm alone. torchvision nests a group (`1.0`), TSM numbers through (`3`). `nest` and `flatten` translate; `all` are
 * the names of the encoder.
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
