/** A part of a configuration file, which a report takes as it finds it. */
type Section = Record<string, unknown>;

/** The words for the encoder of a run: its type, and its input and aggregator where they are not the usual ones. */
export function encoderWords(config: Section): string {
  const encoder = sectionOf(config.encoder);
  const input = encoder.input === undefined || encoder.input === 'rgb' ? [] : [`input ${word(encoder.input)}`];
  return [typeOf(config.encoder), ...input, ...aggregatorWords(encoder.aggregator, 'frames by')].join(', ');
}

/** The words for the head of a run: its type, its channels of order, and how the classes of segments are told. */
export function headWords(config: Section): string {
  const { arp } = sectionOf(config.model);
  const order = typeof arp === 'number' ? [`channels of order over ${arp} snippets`] : [];
  const { aggregator, classifier } = sectionOf(config.segments);
  const told = classifier === 'lstm' ? classifier : typeOf(aggregator);
  const classes = told === '–' ? [] : [`classes by ${told}`];
  return [typeOf(config.model), ...order, ...classes].join(', ');
}

/** The words for a stage of a run: its name, and how the items of its batches are chosen where not in random order. */
export function stageWords(config: Section, stage: string): string {
  const section = stage === 'segments' ? sectionOf(config.head).classifier : config[stage];
  const { type } = sectionOf(sectionOf(section).sampler);
  return type === undefined || type === 'shuffled' ? stage : `${stage}, items by ${word(type)}`;
}

function aggregatorWords(aggregator: unknown, by: string): string[] {
  const type = typeOf(aggregator);
  return type === '–' || type === 'mean' ? [] : [`${by} ${type}`];
}

/** The `type` of a section; of a plain value, the value itself. */
function typeOf(section: unknown): string {
  return word(typeof section === 'object' && section !== null ? (section as Section).type : section);
}

function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null ? (value as Section) : {};
}

function word(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '–';
}
