const fusion = (kind: string, streams = 'full') => [`encoder.fusion.kind=${kind}`, `encoder.fusion.streams=${streams}`];

/** AlexNet with its recipe. Batches are an eighth of the paper's, because there are 466 clips. */
const alexnet = [
  ...['encoder.type=alexnet', 'encoder.fusion=null', 'encoder.alexnet.preset=mini', 'pretrain.optimizer=alexnet'],
  ...['pretrain.lr=0.01', 'pretrain.pcaColor.lastEpochs=3'],
];

/** The networks that are compared: the keys that differ from `configs/composed-classic.yaml`. */
export const classicArms: Readonly<Record<string, readonly string[]>> = {
  single: fusion('single'),
  early: fusion('early'),
  late: fusion('late'),
  slow: fusion('slow'),
  fovea: fusion('single', 'fovea'),
  context: fusion('single', 'context'),
  'fovea+context': fusion('single', 'fovea+context'),
  alexnet,
  'alexnet without LRN': [...alexnet, 'encoder.alexnet.lrn=none'],
  'alexnet without overlap': [...alexnet, 'encoder.alexnet.overlap=false'],
  'alexnet without colour noise': [...alexnet.filter((one) => !one.includes('pcaColor')), 'pretrain.pcaColor=null'],
  'alexnet without dropout': [...alexnet, 'encoder.alexnet.dropout=0', 'pretrain.dropout=0'],
};

/**
 * The arms that a list names, separated by semicolons.
 *
 * @throws Error with the names that there are.
 */
export function classicArmsOf(list: string): string[] {
  const names = list.split(';');
  const unknown = names.find((name) => !Object.hasOwn(classicArms, name));
  if (unknown !== undefined) throw new Error(`--only: ${unknown} is not one of ${Object.keys(classicArms).join('; ')}`);
  return names;
}
