import { aggregatorFacts, type AggregatorType } from '../aggregator-facts.js';
import type { HeadSection } from '../sections/model-section.js';
import type { SegmentsSection } from '../sections/segments-section.js';
import type { PretextOptions } from './pretext-keys.js';

/** The sections that decide whether the stage `pretext` can be done, and is of use. */
interface Sections {
  data: { features: string | null; unlabelled: string | null };
  encoder: { aggregator: { type: AggregatorType } };
  model: HeadSection;
  full: { snippets: number };
  pretext: PretextOptions | null;
  pretrain: { epochs: number };
  segments: SegmentsSection;
}

/** What keeps `pretext` from being done, or from being of use: the key of the section, and a line. */
export function pretextProblems({ data, encoder, model, full, pretext, pretrain, segments }: Sections) {
  const problems: { key: keyof PretextOptions; message: string }[] = [];
  const problem = (key: (typeof problems)[number]['key'], message: string) => problems.push({ key, message });
  if (pretext === null) return problems;
  if (pretext.data === 'features') {
    const trained =
      pretrain.epochs > 0
        ? 'stage 1 trains'
        : aggregatorFacts(encoder.aggregator.type).codebook && 'a codebook changes';
    if (trained !== false && data.features === null)
      problem(
        'data',
        `the LSTM would learn from features of the encoder as it is given, which ${trained} afterwards: ` +
          (pretrain.epochs > 0 ? 'set pretrain.epochs=0' : 'set encoder.aggregator.type=mean'),
      );
    const steps = pretextSteps(pretext);
    if (model.window === null && steps > full.snippets)
      problem(
        'past',
        `sequences of ${steps} steps do not fit into videos of ${full.snippets} snippets (full.snippets)`,
      );
  } else {
    if (model.sequence !== 'none')
      problem('data', `an LSTM of ${pretext.data} cannot see features, as model.sequence=lstm asks for: set features`);
    if (segments.classifier === 'lstm')
      problem('data', `an LSTM of ${pretext.data} cannot see features, as segments.classifier=lstm does: set features`);
    if (data.features !== null && pretext.data === 'patches')
      problem('data', 'published features (data.features) need no videos, of which patches are cut: set features');
  }
  if (pretext.short < pretext.patch) problem('short', `is less than the side of a patch, ${pretext.patch}`);
  if (data.unlabelled !== null && data.features !== null)
    problem(
      'data',
      'data.unlabelled holds videos, for which published features (data.features) have no encoder: set null',
    );
  return problems;
}

/** Steps of a sequence of `pretext`: those that are read, and those that are predicted. */
export function pretextSteps({ task, past, future }: Pick<PretextOptions, 'task' | 'past' | 'future'>): number {
  return task === 'autoencoder' ? past : past + future;
}

/** Whether a stage that is trained on features starts from what `pretext` has learnt. */
export function startsFromPretext(
  stage: 'segments' | 'head',
  { model, pretext, segments }: Pick<Sections, 'model' | 'pretext' | 'segments'>,
): boolean {
  const ofHead = model.sequence === 'lstm' || seesPredictionError(model);
  return pretext?.data === 'features' && (stage === 'head' ? ofHead : segments.classifier === 'lstm');
}

/** Whether what `pretext` learns can predict features. */
export function predictsFeatures({ pretext }: Pick<Sections, 'pretext'>): boolean {
  return pretext?.data === 'features' && pretext.task !== 'autoencoder';
}

/** Whether the head has a channel of prediction errors. */
export function seesPredictionError(model: HeadSection): boolean {
  return model.type === 'pyramid' && model.predictionError;
}
