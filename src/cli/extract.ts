import { stageCommand } from './stage-command.js';

export const command = stageCommand(
  'extract',
  'Stage 3a: compute features with the frozen encoder',
  async () => (await import('../stages/extract.js')).extract,
);
