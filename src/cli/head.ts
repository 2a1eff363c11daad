import { stageCommand } from './stage-command.js';

export const command = stageCommand(
  'head',
  'Stage 3b: train a fresh head on the features',
  async () => (await import('../stages/head.js')).head,
);
