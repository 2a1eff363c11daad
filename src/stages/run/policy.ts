/** How a stage treats checkpoints that an earlier call left. */
export interface ResumePolicy {
  /** `auto`: resume from the newest checkpoint; `never`: start the stage again; a number: resume from that step. */
  resume: 'auto' | 'never' | number;
  /** Whether to start a stage again if its configuration or its data have changed; false: refuse. */
  allowConfigChange: boolean;
}

/** The default policy. */
export const goOn: ResumePolicy = { resume: 'auto', allowConfigChange: false };
