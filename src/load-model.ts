import { UsageError } from './system/errors.js';

/** An action that a model has found in a video; times in seconds from the video's start. */
export interface FoundAction {
  label: string;
  /** At most 1. Which scores are good differs from model to model. */
  score: number;
  start: number;
  end: number;
}

/** A trained model, ready to find actions in videos. */
export interface Model {
  /** The labels that the model can detect. */
  readonly classes: readonly string[];
  /**
   * Finds actions in a video file of any format that ffmpeg reads. Actions are yielded while the video is processed,
   * part by part, and within a part best first. A part is as long as the longest video that the model was trained on.
   *
   * @throws UsageError when `file` is no path, or the model has been disposed of; WorkError naming the file when it
   *   cannot be read, or not to its end.
   */
  detect(file: string): AsyncGenerator<FoundAction, void, undefined>;
  /** Frees the model's memory. It cannot detect any more. Calling it again does nothing. */
  dispose(): void;
}

/**
 * Loads a bundle that `lofi export` has written, and starts the engine: native TensorFlow if `lofi setup` has set it
 * up, otherwise WebAssembly. Nothing of the engine is loaded before the first call.
 *
 * @example
 * ```ts
 * const model = await loadModel('model.lofi');
 * for await (const { label, score, start, end } of model.detect('my.mp4')) console.log(label, score, start, end);
 * model.dispose();
 * ```
 *
 * @throws UsageError naming the file when it is missing, damaged, or not a bundle.
 */
export async function loadModel(file: string): Promise<Model> {
  requirePath(file, 'loadModel takes the path of a bundle');
  const [{ startEngine }, { loadBundle }, { detectVideo }, { probeVideo }] = await Promise.all([
    import('./engine/backend.js'),
    import('./stages/detect/model-bundle.js'),
    import('./stages/detect/detect-video.js'),
    import('./stages/detect/detect-files.js'),
  ]);
  await startEngine();
  const model = loadBundle(file);
  let disposed = false;
  const requireModel = () => {
    if (disposed) throw new UsageError('the model has been disposed of: load it again with loadModel');
  };
  return {
    classes: model.localizer.classes,
    async *detect(video) {
      requirePath(video, 'detect takes the path of a video file');
      requireModel();
      const measured = await probeVideo(video, video);
      requireModel();
      try {
        for await (const { detections } of detectVideo(model, measured)) {
          for (const { label, score, segment } of detections)
            yield { label, score, start: segment[0], end: segment[1] };
          requireModel();
        }
      } catch (error) {
        // Whatever failed because the caller disposed of the model meanwhile.
        requireModel();
        throw error;
      }
    },
    dispose: () => {
      if (!disposed) model[Symbol.dispose]();
      disposed = true;
    },
  };
}

/** Callers in JavaScript may pass anything. Throws {@link UsageError} unless it is a path. */
function requirePath(file: unknown, what: string): void {
  if (typeof file !== 'string' || file === '') throw new UsageError(`${what}, not ${file === '' ? "''" : typeof file}`);
}
