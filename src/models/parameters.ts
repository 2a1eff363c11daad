import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../engine/random.js';

/**
 * How a parameter is laid out in memory: conv `[kh, kw, in/groups, out]`, depthwise `[kh, kw, C, 1]`, conv3d
 * `[kt, kh, kw, in, out]`, conv1d `[k, in/groups, out]`, pointwise `[1, in/groups, out]` (a 1×1 convolution over edges
 * or anchors), linear `[in, out]`, flattened `[h, w, C, out]` (a linear layer of all places of a map, which PyTorch
 * flattens channel by channel), codebook `[K, D]` (the same in files). Files have PyTorch's layouts
 * (`[out, in/groups, kh, kw]`, …), see torch-layout.ts.
 */
export type ParameterKind =
  'conv' | 'depthwise' | 'conv3d' | 'conv1d' | 'pointwise' | 'linear' | 'flattened' | 'codebook' | 'vector';

/** Initial values of a parameter. `fanIn` is the number of inputs to one output. */
export type Initializer =
  | { type: 'constant'; value: number }
  /** As many equal parts as there are values, each of one value. */
  | { type: 'parts'; values: readonly number[] }
  /** Normal with deviation √(2/fanOut): torchvision's convolutions of ResNet and MobileNet. */
  | { type: 'he-normal'; fanOut: number }
  /** Uniform in ±1/√fanIn: PyTorch's Conv and Linear layers, weight and bias alike. */
  | { type: 'uniform'; fanIn: number }
  | { type: 'normal'; deviation: number };

/** A named tensor of a model. Running statistics have `trainable: false`. */
export interface ParameterSpec {
  name: string;
  kind: ParameterKind;
  shape: number[];
  init: Initializer;
  trainable: boolean;
}

/**
 * The tensors of a model by name: trainable weights and running statistics. This object
 * owns them until {@link dispose}.
 */
export class Parameters {
  private readonly variables = new Map<string, tf.Variable>();

  constructor(
    readonly specs: readonly ParameterSpec[],
    random: Random,
  ) {
    for (const spec of specs) {
      if (this.variables.has(spec.name)) throw new Error(`parameter defined twice: ${spec.name}`);
      const values = tf.tensor(initialValues(spec, random), spec.shape);
      this.variables.set(spec.name, tf.variable(values, spec.trainable));
      values.dispose();
    }
  }

  /** The tensor called `name`, typed with the rank that the caller knows it to have. */
  get<T extends tf.Tensor = tf.Tensor>(name: string): T {
    return this.variable(name) as unknown as T;
  }

  has(name: string): boolean {
    return this.variables.has(name);
  }

  /** Replaces a tensor's values. Disposes of `value`. */
  assign(name: string, value: tf.Tensor): void {
    this.variable(name).assign(value);
    value.dispose();
  }

  /** Names of the trainable tensors in the model's order, without those that {@link freeze} excluded. */
  trainable(): string[] {
    return this.specs.filter(({ name }) => this.variable(name).trainable).map(({ name }) => name);
  }

  /** Excludes a tensor from training for good: no gradient of it is computed any more. */
  freeze(name: string): void {
    this.variable(name).trainable = false;
  }

  variable(name: string): tf.Variable {
    const variable = this.variables.get(name);
    if (!variable) throw new Error(`no such parameter: ${name}`);
    return variable;
  }

  dispose(): void {
    for (const variable of this.variables.values()) variable.dispose();
    this.variables.clear();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What a layer needs of {@link Parameters} to compute. */
export type ReadableParameters = Pick<Parameters, 'get' | 'has' | 'variable'>;

function initialValues({ shape, init }: ParameterSpec, random: Random): Float32Array {
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  switch (init.type) {
    case 'constant':
      return values.fill(init.value);
    case 'parts':
      return values.map((_, i) => init.values[Math.floor((i * init.values.length) / values.length)]!);
    case 'he-normal': {
      const deviation = Math.sqrt(2 / init.fanOut);
      return values.map(() => deviation * random.normal());
    }
    case 'uniform': {
      const bound = 1 / Math.sqrt(init.fanIn);
      return values.map(() => random.between(-bound, bound));
    }
    case 'normal':
      return values.map(() => init.deviation * random.normal());
  }
}
