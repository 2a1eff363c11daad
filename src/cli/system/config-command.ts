import type { CommandModule } from 'yargs';
import type { ConfigArguments } from '../options.js';

interface Arguments extends Omit<ConfigArguments, 'config'> {
  config: string | undefined;
  schema: boolean;
}

export const command: CommandModule<object, Arguments> = {
  command: 'config',
  describe: 'Print the resolved configuration and where each value came from',
  builder: (yargs) =>
    yargs
      .option('config', { type: 'string', requiresArg: true, describe: 'YAML configuration' })
      .option('set', {
        type: 'string',
        array: true,
        nargs: 1,
        default: [] as string[],
        describe: 'override a key: --set head.lr=1e-3',
      })
      .option('schema', { type: 'boolean', default: false, describe: 'print the JSON Schema of configurations' })
      .example('$0 config --config configs/demo.yaml --set head.lr=1e-3', ''),
  handler: async ({ config: file, set, schema }) => {
    const { configJsonSchema, loadConfig } = await import('../../config/load.js');
    if (schema) {
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 1)}\n`);
      return;
    }
    const { UsageError } = await import('../../system/errors.js');
    if (file === undefined) throw new UsageError('config: give --config FILE, or --schema');
    const { Document, isScalar, isMap, visit } = await import('yaml');
    const { config, sources } = loadConfig(file, set);
    const document = new Document(config);
    visit(document, {
      Pair(_, pair, ancestors) {
        if (!isScalar(pair.key) || isMap(pair.value)) return;
        const keys = ancestors.flatMap((node) => ('key' in node && isScalar(node.key) ? [String(node.key.value)] : []));
        const source = sources.get([...keys, String(pair.key.value)].join('.'));
        if (isScalar(pair.value)) pair.value.comment = ` ${source ?? 'default'}`;
        else pair.key.commentBefore = ` ${source ?? 'default'}`;
      },
    });
    process.stdout.write(document.toString());
  },
};
