import type { Config } from '../../config/schema.js';
import { randomStream } from '../../engine/random.js';
import { setBatchNormMode } from '../../models/layers/batch-norm-layer.js';
import { Parameters, type ParameterSpec } from '../../models/parameters.js';
import { slotsPerParameter, type OptimizerOptions } from '../../train/optimizers/optimizer-of.js';

/** A part of a model as a stage trains it. */
export interface ModelPart {
  specs: readonly ParameterSpec[];
  /** What is frozen of it. Absent: nothing. */
  batchNorm?: Config['joint']['batchNorm'];
}

/** How many numbers the parameters of a model have. */
export interface Numbers {
  /** Running statistics and frozen parameters among them. */
  all: number;
  /** Those that an optimizer changes. */
  trained: number;
}

/** The numbers of some parts of a model together. */
export function numbersOf(parts: readonly ModelPart[]): Numbers {
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  const each = parts.map((part) => {
    using parameters = partWithoutValues(part);
    const sizes = (names: readonly string[]) => sum(names.map((name) => parameters.get(name).size));
    return { all: sizes(parameters.specs.map(({ name }) => name)), trained: sizes(parameters.trainable()) };
  });
  return { all: sum(each.map(({ all }) => all)), trained: sum(each.map(({ trained }) => trained)) };
}

/**
 * Bytes that lie beside the parameters from step to step: the optimizer's slots (of adamw and alexnet in plain arrays),
 * and the moving average, which is of running statistics and frozen parameters too.
 */
export function stateBytes({ all, trained }: Numbers, options: OptimizerOptions & { ema: number }): number {
  return 4 * (slotsPerParameter(options) * trained + (options.ema > 0 ? all : 0));
}

/** Bytes of the plain arrays that values and gradients are copied to in a step. They are freed some steps later. */
export function copiedBytes({ trained }: Numbers, { optimizer }: OptimizerOptions): number {
  return optimizer === 'adamw' || optimizer === 'alexnet' ? 4 * 2 * trained : 0;
}

/**
 * The parameters of a part, of which those are trainable that the stage trains. They hold no values of a real model.
 * The caller disposes of them.
 */
export function partWithoutValues({ specs, batchNorm = 'train' }: ModelPart): Parameters {
  const parameters = withoutValues(specs);
  setBatchNormMode(parameters, batchNorm);
  return parameters;
}

/** Parameters with zeros for random values, which would take seconds to draw. The caller disposes of them. */
export function withoutValues(specs: readonly ParameterSpec[]): Parameters {
  const plain = specs.map((spec): ParameterSpec =>
    spec.init.type === 'constant' ? spec : { ...spec, init: { type: 'constant', value: 0 } },
  );
  return new Parameters(plain, randomStream(0, 'estimate'));
}
