import { stageCommand } from './stage-command.js';

export const command = stageCommand(
  'pretrain',
  'Stage 1: train the encoder on trimmed clips',
  async () => (await import('../../stages/pretrain/pretrain.js')).pretrain,
);
