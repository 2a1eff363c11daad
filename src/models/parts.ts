import type { Parameters } from './parameters.js';
import { exportState, importState, type State } from './state.js';

/** The parts that a model may have, by the names under which files and checkpoints keep their tensors. */
export const partNames = ['sequence', 'encoder', 'head', 'classifier', 'colors'] as const;
export type PartName = (typeof partNames)[number];

/** The parameters of a model, part by part. */
export type ModelParts = Readonly<Partial<Record<PartName, Parameters>>>;

/** The tensors of a model's parts as `<part>.<name>`, in PyTorch's layouts. */
export function exportParts(parts: ModelParts): State {
  const state: State = new Map();
  for (const [part, parameters] of presentParts(parts))
    for (const [name, values] of exportState(parameters)) state.set(tensorName(part, name), values);
  return state;
}

/**
 * Sets a model's parts from what {@link exportParts} gave; other tensors are left alone.
 *
 * @param source - Where the tensors come from, for messages.
 * @throws UsageError listing what is missing or of another shape.
 */
export function importParts(parts: ModelParts, state: State, source: string): void {
  for (const [part, parameters] of presentParts(parts)) importState(parameters, state, source, tensorName(part, ''));
}

/** Frees all parts. */
export function disposeModelParts(parts: ModelParts): void {
  for (const [, parameters] of presentParts(parts)) parameters.dispose();
}

/** The name of a part's tensor in files: `encoder.layer1.0.conv1.weight`. */
export function tensorName(part: PartName, name: string): string {
  return `${part}.${name}`;
}

function presentParts(parts: ModelParts): [PartName, Parameters][] {
  return partNames.flatMap((part): [PartName, Parameters][] => {
    const parameters = parts[part];
    return parameters ? [[part, parameters]] : [];
  });
}
