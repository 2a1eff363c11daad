/** How a stage treats checkpoints that an earlier call left. */
export interface ResumePolicy {
  /** `auto`: go on from the newest checkpoint; `never`: start the stage again; a number: go on from that step. */
  resume: 'auto' | 'never' | number;
  /** Start a stage again where its configuration or its data have changed, instead of refusing. */
  allowConfigChange: boolean;
}

/** The policy of a call that states none. */
export const goOn: ResumePolicy = { resume: 'auto', allowConfigChange: false };
