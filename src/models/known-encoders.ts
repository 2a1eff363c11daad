import { configSchema, type Config } from '../config/schema.js';
import { buildEncoder } from './build.js';
import { torchShape } from './layout.js';
import type { ParameterSpec } from './parameters.js';
import { problemOf } from './state.js';

/** An encoder as far as its tensors tell: `encoder.type` and `encoder.width` of a configuration. */
export interface KnownEncoder {
  type: Config['encoder']['type'];
  width: number;
  /** Features a snippet, C. */
  channels: number;
  parameters: readonly ParameterSpec[];
}

const encoderSchema = configSchema.shape.encoder.unwrap();

/** `encoder.type` of every encoder there is. */
export const encoderTypes = encoderSchema.in.shape.type.unwrap().options;

/** Width multipliers, the usual ones first: narrow neighbours may have the same channels. */
const multipliers = [0.35, 0.5, 0.75, 1.3, 1.4, ...Array.from({ length: 40 }, (_, i) => (i + 1) / 20)];

/**
 * The encoder whose tensors these are, or the one that comes closest.
 *
 * @param shapes - PyTorch's shapes by torchvision's names.
 */
export function closestEncoder(shapes: ReadonlyMap<string, readonly number[]>): KnownEncoder {
  let closest: KnownEncoder | undefined;
  let fewest = Infinity;
  for (const candidate of candidates(shapes)) {
    const present = candidate.parameters.filter(({ name }) => shapes.has(name));
    const fitting = present.filter((spec) => problemOf(spec, shapes.get(spec.name)) === undefined);
    const misfits = candidate.parameters.length - fitting.length + (shapes.size - present.length);
    if (misfits < fewest) [closest, fewest] = [candidate, misfits];
  }
  return closest!;
}

function* candidates(shapes: ReadonlyMap<string, readonly number[]>): Generator<KnownEncoder> {
  for (const type of encoderTypes) {
    const published = knownEncoder(type)!;
    yield published;
    for (const width of new Set([channelsOf(published, shapes), ...multipliers])) {
      const encoder = knownEncoder(type, width);
      if (encoder) yield encoder;
    }
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
