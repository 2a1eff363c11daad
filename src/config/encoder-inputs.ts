/** What the network sees of a snippet's frames (`encoder.input`). */
export const encoderInputs = ['rgb', 'dynamic', 'rgb+dynamic', 'difference'] as const;
export type EncoderInput = (typeof encoderInputs)[number];

/**
 * The streams of the input `rgb+dynamic`, each with a network of its own, in the order in which their features are
 * joined. The names of a stream's parameters begin with its name and a dot.
 */
export const streamNames = ['rgb', 'dynamic'] as const;
export type StreamName = (typeof streamNames)[number];

/** The keys of `encoder` that decide how many images the network sees. */
interface ImageKeys {
  input: EncoderInput;
  frames: number;
  window: number | null;
}

/**
 * How many images of a snippet the network sees: its frames, or one image for each window of them. Not a whole number
 * where the windows do not fit the frames.
 */
export function imagesOfSnippet({ input, frames, window }: ImageKeys): number {
  return input === 'rgb' ? frames : frames / (window ?? frames);
}
