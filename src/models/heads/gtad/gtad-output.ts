import type * as tf from '@tensorflow/tfjs-core';

/**
 * G-TAD's outputs for B videos of T snippets and A anchors (A = T(T+1)/2 where any length is
 * allowed), all within (0, 1).
 */
export interface GtadOutput {
  /** `[B, A, 2]`: each anchor's overlap with an action, by regression (channel 0) and by classification (channel 1). */
  map: tf.Tensor3D;
  start: tf.Tensor2D;
  end: tf.Tensor2D;
}
