import { stageCommand } from './stage-command.js';

export const command = stageCommand(
  'extract',
  'Stage 3a: compute features with the frozen encoder (with pretrain.epochs=0: that of encoder.weights)',
  async () => (await import('../stages/extract.js')).extract,
);
