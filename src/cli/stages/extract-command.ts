import { stageCommand } from './stage-command.js';

export const command = stageCommand(
  'extract',
  'Stage 3a: compute features with the frozen encoder (pretrain.epochs=0: the one that encoder.weights gives)',
  async () => (await import('../../stages/features/extract.js')).extract,
);
