import type { CommandModule } from 'yargs';
import { lineOf } from '../../system/printable.js';
import { print, printJson } from '../../system/say.js';

interface Arguments {
  dataset: string;
  json: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'check-videos <dataset>',
  describe: 'Decode every video of a dataset and list those that are missing, broken, or unlike their description',
  builder: (yargs) =>
    yargs
      .positional('dataset', { type: 'string', demandOption: true, describe: 'A dataset file, or a folder of videos' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document' })
      .example('$0 check-videos dataset.json', '')
      .example('$0 check-videos videos --json', ''),
  handler: async ({ dataset, json }) => {
    const [{ checkVideos }, { withProgress }] = await Promise.all([
      import('../../data/check-videos.js'),
      import('../../system/progress.js'),
    ]);
    const check = await withProgress('checking videos', (onProgress) => checkVideos(dataset, onProgress));
    const { ok, missing, broken, warnings } = check;
    if (json) printJson(check, 1);
    else {
      for (const [kind, findings] of Object.entries({ missing, broken, warning: warnings })) {
        for (const { video, reason } of findings) print(lineOf(`${kind.padEnd(7)}  ${video}: ${reason}`));
      }
      const counts = `${ok} ok (${warnings.length} with a warning), ${missing.length} missing, ${broken.length} broken`;
      print(`${ok + missing.length + broken.length} videos: ${counts}`);
    }
    if (missing.length + broken.length > 0) process.exitCode = 1;
  },
};
