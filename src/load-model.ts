/** An action that a model has found in a video; times in seconds from the video's start. */
export interface FoundAction {
  label: string;
  /** Up to 1; what is a good score differs from model to model. */
  score: number;
  start: number;
  end: number;
}

/** A trained model, ready to find actions in videos. */
export interface Model {
  /** The labels that it knows. */
  readonly classes: readonly string[];
  /**
   * Finds actions in a video file, of any format that ffmpeg reads. They come as the video is gone through: of a part at a time, as long as
   * the longest video that the model was trained on, the best first.
   *
   * @throws WorkError naming the file when it cannot be read, or not to its end.
   */
  detect(file: string): AsyncGenerator<FoundAction, void, undefined>;
  /** Frees its memory; it can detect no more. */
  dispose(): void;
}

/**
 * Loads a bundle that `lofi export` has written, and starts the engine: native TensorFlow where `lofi setup` has set it up, else WebAssembly.
 * Neither is loaded before the first call.
 *
 * @example
 * ```ts
 * const model = await loadModel('model.lofi');
 * for await (const { label, score, start, end } of model.detect('my.mp4')) console.log(label, score, start, end);
 * model.dispose();
 * ```
 *
 * @throws UsageError naming the file when it is missing, no bundle, or damaged.
 */
export async function loadModel(file: string): Promise<Model> {
  const [{ startEngine }, { loadBundle }, { detectVideo }, { probeVideo }] = await Promise.all([
    import('./engine/backend.js'),
    import('./stages/detect/model-bundle.js'),
    import('./stages/detect/detect-video.js'),
    import('./stages/detect/detect-files.js'),
  ]);
  await startEngine();
  const model = loadBundle(file);
  return {
    classes: model.localizer.classes,
    async *detect(video) {
      for await (const { detections } of detectVideo(model, await probeVideo(video, video))) {
        for (const { label, score, segment } of detections) yield { label, score, start: segment[0], end: segment[1] };
      }
    },
    dispose: () => {
      model[Symbol.dispose]();
    },
  };
}
