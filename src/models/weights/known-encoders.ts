import { encoderFacts, encoderTypes, type EncoderType } from '../../config/encoder-facts.js';
import { streamNames, type EncoderInput, type StreamName } from '../../config/encoder-inputs.js';
import { encoderSchema } from '../../config/sections/encoder-section.js';
import { buildEncoder } from '../encoders/encoder-catalogue.js';
import { sectionKeys, variantsOf, type NetworkVariant } from './network-variants.js';
import { torchShape } from './torch-layout.js';
import type { ParameterSpec } from '../parameters.js';
import { problemOf } from '../state.js';

/**
 * The facts about an encoder that its tensors tell: `encoder.type` and `encoder.width` of a configuration, and more.
 */
export interface KnownEncoder {
  type: EncoderType;
  width: number;
  /** Keys of the type's own section that tensors tell, and `frames` where they tell of it; empty for most types. */
  variant: NetworkVariant;
  /**
   * `encoder.input` as far as tensors tell it: `rgb+dynamic` is two networks. A single network may see any other
   * input, and counts as `rgb`.
   */
  input: Extract<EncoderInput, 'rgb' | 'rgb+dynamic'>;
  /** Channels of the features, C. */
  channels: number;
  parameters: readonly ParameterSpec[];
}

/**
 * Candidate widths of MobileNetV2, common ones first because several widths round to the same channels. A step of 1/400
 * covers nearly every published network.
 */
const multipliers = [0.35, 0.5, 0.75, 1.3, 1.4, ...Array.from({ length: 800 }, (_, i) => (i + 1) / 400)];

/**
 * Finds the encoder whose tensors have these shapes, or the one that comes closest: first by names, which depend on the
 * type alone, then by shapes. Tensors of several streams are those of two networks, and the first one tells which.
 *
 * @param shapes - PyTorch's shapes by torchvision's names.
 */
export function closestEncoder(shapes: ReadonlyMap<string, readonly number[]>): KnownEncoder {
  const names = [...shapes.keys()];
  const stream = streamNames.find((name) => names.some((each) => each.startsWith(`${name}.`)));
  if (stream === undefined) return closestNetwork(shapes);
  const { type, width, variant } = closestNetwork(ofStream(shapes, stream));
  return knownEncoder(type, width, 'rgb+dynamic', inStreams(variant))!;
}

/** The variant of each of two streams, which see one image for each window, of two frames here. */
function inStreams(variant: NetworkVariant): NetworkVariant {
  return variant.frames === undefined ? variant : { ...variant, frames: 2 * variant.frames, window: 2 };
}

/** The tensors of one stream, by the names that they have in a network alone. */
function ofStream<T>(tensors: ReadonlyMap<string, T>, stream: StreamName): Map<string, T> {
  const prefix = `${stream}.`;
  return new Map(
    [...tensors].flatMap(([name, each]): [string, T][] =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), each]] : [],
    ),
  );
}

function closestNetwork(shapes: ReadonlyMap<string, readonly number[]>): KnownEncoder {
  const published = encoderTypes.flatMap((type) =>
    variantsOf(type, shapes).flatMap((variant) => {
      const encoder = knownEncoder(type, null, 'rgb', variant)!;
      // A variant of few tensors would otherwise be the closest to any file of others.
      const strange = encoderFacts(type).section !== null && !encoder.parameters.some(({ name }) => shapes.has(name));
      return strange ? [] : [encoder];
    }),
  );
  const likely = fewest(published, ({ parameters }) => {
    const present = parameters.filter(({ name }) => shapes.has(name)).length;
    return parameters.length - present + (shapes.size - present);
  });
  const misfits = ({ parameters }: KnownEncoder) =>
    parameters.filter((spec) => problemOf(spec, shapes.get(spec.name)) !== undefined).length;
  let closest = likely[0]!;
  let least = Infinity;
  for (const network of likely) {
    for (const candidate of inAllWidths(network, shapes)) {
      const count = misfits(candidate);
      if (count < least) [closest, least] = [candidate, count];
      if (least === 0) return closest;
    }
  }
  return closest;
}

/** The items for which `count` is smallest, in their order. */
function fewest<T>(items: readonly T[], count: (item: T) => number): T[] {
  const counts = items.map(count);
  const smallest = Math.min(...counts);
  return items.filter((_, i) => counts[i] === smallest);
}

/** The published encoder, then the encoder in the other widths that its tensors may have, likely ones first. */
function* inAllWidths(
  published: KnownEncoder,
  shapes: ReadonlyMap<string, readonly number[]>,
): Generator<KnownEncoder> {
  yield published;
  const { type, variant } = published;
  const told = encoderFacts(type).section === null ? [channelsOf(published, shapes), ...multipliers] : [];
  for (const width of new Set(told.length > 0 ? told : factorsOf(published, shapes))) {
    const encoder = knownEncoder(type, width, 'rgb', variant);
    if (encoder) yield encoder;
  }
}

/**
 * Reads the width of an encoder whose width is a factor on the channels of all layers: what each weight's outputs tell,
 * those with the most outputs first, as they are and rounded, because several widths have the same channels.
 */
function factorsOf({ parameters }: KnownEncoder, shapes: ReadonlyMap<string, readonly number[]>): number[] {
  const factors = parameters.flatMap(({ name, kind, shape }) => {
    const published = torchShape(kind, shape)[0]!;
    const found = shapes.get(name)?.[0];
    return found === undefined ? [] : [{ published, factor: found / published }];
  });
  return factors
    .sort((a, b) => b.published - a.published)
    .flatMap(({ factor }) => [...[20, 100, 400].map((steps) => Math.round(factor * steps) / steps), factor]);
}

/**
 * Reads the width of an encoder whose width is a number of channels. It is the first dimension of the first tensor
 * which, in the published network, has as many outputs as the width.
 */
function channelsOf({ width, parameters }: KnownEncoder, shapes: ReadonlyMap<string, readonly number[]>): number {
  const telling = parameters.find(({ kind, shape }) => torchShape(kind, shape)[0] === width);
  return shapes.get(telling?.name ?? '')?.[0] ?? width;
}

/**
 * The encoder of an `encoder.type`, as published or in another `encoder.width`; null where that width is not allowed.
 *
 * @param input - Whether it is one network or those of two streams.
 * @param variant - Keys besides these.
 */
export function knownEncoder(
  type: KnownEncoder['type'],
  width: number | null = null,
  input: KnownEncoder['input'] = 'rgb',
  variant: NetworkVariant = {},
): KnownEncoder | null {
  const { frames, window, ...keys } = variant;
  const seen = { ...(frames !== undefined && { frames }), ...(window !== undefined && { window }) };
  const parsed = encoderSchema.safeParse({ type, width, input, ...seen, ...sectionKeys(type, keys) });
  if (!parsed.success) return null;
  const { parameters, channels } = buildEncoder(parsed.data);
  return { type, width: parsed.data.width, variant, input, channels, parameters };
}
