import type { CommandModule } from 'yargs';
import type { Naming } from '../../models/weights/naming.js';
import { UsageError } from '../../system/errors.js';
import { print, say } from '../../system/say.js';

interface Arguments {
  from: string;
  to: string;
  naming: Naming;
}

/** `lofi convert`: converts an encoder's weights from one file format to another. */
export const command: CommandModule<object, Arguments> = {
  command: 'convert <from> <to>',
  describe: "Convert an encoder's weights to safetensors that PyTorch and `encoder.weights` read",
  builder: (yargs) =>
    yargs
      .positional('from', {
        type: 'string',
        demandOption: true,
        describe:
          "safetensors or a .pth with torchvision's or TSM's names, a run's store/<stage>/<step>.safetensors " +
          '(without encoder.aggregator), ' +
          'or the model.json of a tfjs layers MobileNetV2',
      })
      .positional('to', { type: 'string', demandOption: true, describe: 'the .safetensors file to write' })
      .option('naming', {
        choices: ['torchvision', 'tsm'] as const,
        default: 'torchvision' as const,
        requiresArg: true,
        describe: "torchvision's names, or those of TSM's checkpoints (module.base_model.….net, new_fc)",
      })
      .example(
        '$0 convert tsm-resnet50.safetensors resnet50.safetensors',
        'then --set encoder.weights=resnet50.safetensors',
      )
      .example('$0 convert runs/demo/store/joint/18.safetensors encoder.safetensors', "a run's encoder, for PyTorch")
      .example('$0 convert resnet18.safetensors tsm.safetensors --naming tsm', ''),
  handler: async ({ from, to, naming }) => {
    if (otherFormat.test(to)) throw new UsageError(`${to}: only safetensors are written; name the file ….safetensors`);
    const [{ convertWeights }, { keysOf }, { encoders }] = await Promise.all([
      import('../../stages/weights/convert-weights.js'),
      import('../../stages/weights/encoder-weights.js'),
      import('../../config/encoder-facts.js'),
    ]);
    const { encoder, state, others } = convertWeights(from, to, naming);
    const classes = others.get('fc.weight')?.shape[0];
    const classifier = classes === undefined ? 'no classifier' : `a classifier of ${classes} classes`;
    say(`${keysOf(encoder)}: ${state.size} tensors, ${classifier}`);
    if (encoders[encoder.type].keras) say(kerasArithmetic);
    print(to);
  },
};

/** Endings that would make a safetensors file look like another format. */
const otherFormat = /\.(pth?|tar|json)$/;

/**
 * The names of tensors do not tell the arithmetic, and the same tensors give other features in the other arithmetic.
 */
const kerasArithmetic =
  "note: MobileNetV2 is computed here as in Keras (padding 'same', epsilon 1e-3, input -1..1), not as in torchvision";
