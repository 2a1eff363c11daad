/** What a stage is about to take. */
export interface StageEstimate {
  /** Trainable numbers; of `pretrain` without the classifier, whose classes only the clips tell. */
  parameters: number;
  shapes: ShapeEstimate[];
}

export interface ShapeEstimate {
  /**
   * Snippets x side in pixels; of `pretrain`: frames x side; of `head`: snippets; of `segments`: parts or
   * snippets of an instance; of `pretext`: steps of a sequence.
   */
  shape: string;
  /**
   * Floating-point operations in 10⁹ of an optimiser step, forward and backward, a multiply-add counted as two; of
   * `extract`: of a video.
   */
  gflops: number;
  /**
   * Largest resident size of the process, GiB, without the frames that `data.memoryGiB` keeps and the features of
   * training videos. Validation and `reestimate` count where they take more than a step.
   */
  peak_gib: number;
}
