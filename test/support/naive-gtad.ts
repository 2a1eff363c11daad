import { alignWeights, regionOfInterest } from '../../src/models/heads/gtad/anchors.js';
import type { GtadOptions } from '../../src/models/heads/gtad/gtad.js';

/** Rows are positions, columns channels. */
type Matrix = number[][];

/** Tensors by name, in PyTorch's layouts; in any precision. */
export type NaiveState = ReadonlyMap<string, { shape: readonly number[]; data: ArrayLike<number> }>;

const relu = (x: Matrix): Matrix => x.map((row) => row.map((value) => Math.max(0, value)));
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/**
 * G-TAD as described in docs/method.md §7.2–7.4, one video at a time, in doubles and in the authors' order: it aligns
 * all 256·36 channels before it projects them, for every cell of the map, whether it is an anchor or not. `state` is in
 * PyTorch's layouts. It is slow and meant for small sizes.
 */
export function naiveGtad(x: Matrix, state: NaiveState, options: Omit<GtadOptions, 'features'>) {
  const { groups, k, inner, context, kernel = 1 } = options;

  /** Convolution over positions, PyTorch's `[out, in/groups, kernel]`. */
  function conv(x: Matrix, name: string, kernel: number, groups = 1): Matrix {
    const { shape, data } = state.get(`${name}.weight`)!;
    const bias = state.get(`${name}.bias`)!.data;
    const [out, perGroup] = shape as [number, number];
    return x.map((_, t) =>
      Array.from({ length: out }, (_, o) => {
        let sum = bias[o]!;
        const first = Math.floor(o / (out / groups)) * perGroup;
        for (let j = 0; j < kernel; j++) {
          const row = x[t + j - (kernel - 1) / 2];
          if (!row) continue;
          for (let i = 0; i < perGroup; i++) sum += data[(o * perGroup + i) * kernel + j]! * row[first + i]!;
        }
        return sum;
      }),
    );
  }

  function neighbours(x: Matrix): number[][] {
    const distance = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
    return x.map((row) =>
      x
        .map((other, index) => ({ index, distance: distance(row, other) }))
        .sort((a, b) => a.distance - b.distance)
        .slice(0, k)
        .map(({ index }) => index),
    );
  }

  function gcnext(x: Matrix, name: string): Matrix {
    const time = conv(
      relu(conv(relu(conv(x, `${name}.tconvs.0`, 1)), `${name}.tconvs.2`, 3, groups)),
      `${name}.tconvs.4`,
      1,
    );
    const nearest = neighbours(x);
    const semantic = x.map((row, t) => {
      const edges = nearest[t]!.map((index) => [...x[index]!, ...row]);
      const out = conv(
        relu(conv(relu(conv(edges, `${name}.sconvs.0`, 1)), `${name}.sconvs.2`, 1, groups)),
        `${name}.sconvs.4`,
        1,
      );
      return row.map((_, c) => Math.max(...out.map((edge) => edge[c]!)));
    });
    return relu(x.map((row, t) => row.map((value, c) => value + time[t]![c]! + semantic[t]![c]!)));
  }

  function boundary(base: Matrix, name: string): number[] {
    return conv(gcnext(base, `${name}.0`), `${name}.1`, 1).map((row) => sigmoid(row[0]!));
  }

  const base = gcnext(relu(conv(x, 'conv', 3, 4)), 'base');
  const graph = gcnext(base, 'graph');
  const nearest = neighbours(graph);
  const semantic = graph.map((row, t) =>
    row.map((_, c) => nearest[t]!.reduce((sum, index) => sum + graph[index]![c]!, 0) / k),
  );
  const snippets = x.length;
  const durations = Math.min(options.maxDuration ?? snippets, snippets);
  const isAnchor = (d: number, s: number) => s + d < snippets;

  function align(d: number, s: number): number[] {
    const region = isAnchor(d, s) ? regionOfInterest({ start: s, duration: d }) : ([0, 0] as const);
    const pool = (nodes: Matrix, bins: number) => {
      const weights = alignWeights(region, bins, snippets);
      return Array.from({ length: bins }, (_, bin) =>
        nodes[0]!.map((_, c) => nodes.reduce((sum, node, t) => sum + weights[bin * snippets + t]! * node[c]!, 0)),
      );
    };
    const bins = [...pool(graph, inner), ...pool(semantic, context)];
    return graph[0]!.flatMap((_, c) => bins.map((bin) => bin[c]!));
  }

  /** Convolution over the map, PyTorch's `[out, in, kernel, kernel]`: rows are durations, then starts. */
  function mapConv(map: Matrix[], name: string): Matrix[] {
    const { shape, data } = state.get(`${name}.weight`)!;
    const bias = state.get(`${name}.bias`)!.data;
    const [out, inputs] = shape as [number, number];
    const half = (kernel - 1) / 2;
    return map.map((row, d) =>
      row.map((_, s) =>
        Array.from({ length: out }, (_, o) => {
          let sum = bias[o]!;
          for (let i = 0; i < kernel; i++) {
            for (let j = 0; j < kernel; j++) {
              const cell = map[d + i - half]?.[s + j - half];
              if (!cell) continue;
              for (let c = 0; c < inputs; c++) sum += data[((o * inputs + c) * kernel + i) * kernel + j]! * cell[c]!;
            }
          }
          return sum;
        }),
      ),
    );
  }

  const cells = Array.from({ length: durations }, (_, d) => Array.from({ length: snippets }, (_, s) => align(d, s)));
  const reduced = cells.map((row) => relu(conv(relu(conv(row, 'loc.0', 1)), 'loc.2', 1)));
  const compared = ['loc.4', 'loc.6'].reduce((map, name) => mapConv(map, name).map(relu), reduced);
  const map = compared.map((row) => conv(row, 'loc.8', 1).map((cell) => cell.map(sigmoid)));
  return {
    /** The outputs of the anchors, in the head's order. */
    map: map.flatMap((row, d) => row.filter((_, s) => isAnchor(d, s))),
    start: boundary(base, 'start'),
    end: boundary(base, 'end'),
  };
}
