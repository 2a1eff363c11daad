import { encoderTypes, type EncoderType } from '../../config/encoders.js';
import { encoderSchema } from '../../config/sections/encoder.js';
import { buildEncoder } from '../encoders/catalogue.js';
import { torchShape } from './torch-layout.js';
import type { ParameterSpec } from '../parameters.js';
import { problemOf } from '../state.js';

/** An encoder as far as its tensors tell: `encoder.type` and `encoder.width` of a configuration. */
export interface KnownEncoder {
  type: EncoderType;
  width: number;
  /** Features a snippet, C. */
  channels: number;
  parameters: readonly ParameterSpec[];
}

/** Width multipliers, the usual ones first: neighbours may have the same channels. So fine that hardly a network lies between. */
const multipliers = [0.35, 0.5, 0.75, 1.3, 1.4, ...Array.from({ length: 800 }, (_, i) => (i + 1) / 400)];

/**
 * The encoder whose tensors these are, or the one that comes closest: first by names, which a type has whatever its
 * width, then by shapes.
 *
 * @param shapes - PyTorch's shapes by torchvision's names.
 */
export function closestEncoder(shapes: ReadonlyMap<string, readonly number[]>): KnownEncoder {
  const published = encoderTypes.map((type) => knownEncoder(type)!);
  const types = fewest(published, ({ parameters }) => {
    const present = parameters.filter(({ name }) => shapes.has(name)).length;
    return parameters.length - present + (shapes.size - present);
  });
  const misfits = ({ parameters }: KnownEncoder) =>
    parameters.filter((spec) => problemOf(spec, shapes.get(spec.name)) !== undefined).length;
  let closest = types[0]!;
  let least = Infinity;
  for (const type of types) {
    for (const candidate of inAllWidths(type, shapes)) {
      const count = misfits(candidate);
      if (count < least) [closest, least] = [candidate, count];
      if (least === 0) return closest;
    }
  }
  return closest;
}

/** Those for which `count` is smallest, in their order. */
function fewest<T>(items: readonly T[], count: (item: T) => number): T[] {
  const counts = items.map(count);
  const smallest = Math.min(...counts);
  return items.filter((_, i) => counts[i] === smallest);
}

/** A published encoder, then the same in the other widths that its tensors may have, the likely ones first. */
function* inAllWidths(
  published: KnownEncoder,
  shapes: ReadonlyMap<string, readonly number[]>,
): Generator<KnownEncoder> {
  yield published;
  for (const width of new Set([channelsOf(published, shapes), ...multipliers])) {
    const encoder = knownEncoder(published.type, width);
    if (encoder) yield encoder;
  }
}

/** The width where it is a number of channels: of the first tensor that has as many in the published network. */
function channelsOf({ width, parameters }: KnownEncoder, shapes: ReadonlyMap<string, readonly number[]>): number {
  const telling = parameters.find(({ kind, shape }) => torchShape(kind, shape)[0] === width);
  return shapes.get(telling?.name ?? '')?.[0] ?? width;
}

/** The encoder of an `encoder.type`, as published or of another `encoder.width`; null where there is no such width. */
export function knownEncoder(type: KnownEncoder['type'], width: number | null = null): KnownEncoder | null {
  const parsed = encoderSchema.safeParse({ type, width });
  if (!parsed.success) return null;
  const { parameters, channels } = buildEncoder(parsed.data);
  return { type, width: parsed.data.width, channels, parameters };
}
