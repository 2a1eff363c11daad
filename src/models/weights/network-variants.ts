import { encoderFacts, type EncoderType } from '../../config/encoder-facts.js';
import { alexnetPresets, fusionKinds, fusionSchema, type FusionKind } from '../../config/sections/classic-keys.js';
import { temporalPlan } from '../encoders/classic/temporal-plan.js';

/** Keys of an encoder's own section that its tensors tell, and how many frames its convolutions over time see. */
export type NetworkVariant = Readonly<Record<string, string | number>> & {
  readonly frames?: number;
  /** Frames of a window, where `frames` are those of windows. */
  readonly window?: number;
};

type Shapes = ReadonlyMap<string, readonly number[]>;

/** The variants of a type that have tensors of their own, likely ones first. For most types there is one. */
export function variantsOf(type: EncoderType, shapes: Shapes): NetworkVariant[] {
  switch (encoderFacts(type).section) {
    case null:
      return [{}];
    case 'alexnet':
      return product({
        preset: Object.keys(alexnetPresets),
        groups: [2, 1],
        feature: ['fc7', 'conv5'],
      });
    case 'fusion':
      return fusionKinds.flatMap((kind) =>
        product({
          kind: [kind],
          preset: fusionSchema.shape.preset.unwrap().options,
          // Tensors of one stream are the same whichever it is.
          streams: ['full', 'fovea+context'],
          feature: ['fc7', 'conv5'],
          frames: [framesTold(kind, shapes)],
        }),
      );
  }
}

/** The keys of a variant as they stand in the section of its type. */
export function sectionKeys(type: EncoderType, keys: object): object {
  const { section } = encoderFacts(type);
  return section === null || Object.keys(keys).length === 0 ? {} : { [section]: keys };
}

/** Frames of a snippet up to which {@link framesTold} looks. */
const mostFrames = 256;

/** The fewest frames of which a network of a kind has the extents in time that its first three filters have. */
function framesTold(kind: FusionKind, shapes: Shapes): number {
  const extents = ['features.0', 'features.3', 'features.6'].map((layer) => {
    const shape = shapes.get(`${layer}.weight`) ?? shapes.get(`fovea.${layer}.weight`) ?? [];
    return shape.length === 5 ? shape[2]! : 1;
  });
  for (let frames = 1; frames <= mostFrames; frames++) {
    const plan = temporalPlan(frames, kind);
    if (plan.length > 0 && extents.every((extent, i) => extent === (plan[i]?.extent ?? 1))) return frames;
  }
  return publishedFrames;
}

/** Frames of a snippet in the published networks. */
const publishedFrames = 10;

/** All combinations of values. */
function product(values: Readonly<Record<string, readonly (string | number)[]>>): NetworkVariant[] {
  return Object.entries(values).reduce<NetworkVariant[]>(
    (all, [key, list]) => all.flatMap((some) => list.map((value) => ({ ...some, [key]: value }))),
    [{}],
  );
}
