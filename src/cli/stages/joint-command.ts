import { stageCommand } from './stage-command.js';

export const command = stageCommand(
  'joint',
  'Stage 2: train encoder and head together at low fidelity (LoFi)',
  async () => (await import('../../stages/joint/joint.js')).joint,
);
