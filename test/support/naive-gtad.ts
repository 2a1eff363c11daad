import { alignWeights, anchors, regionOfInterest } from '../../src/models/heads/gtad/anchors.js';
import type { GtadOptions } from '../../src/models/heads/gtad/gtad.js';
import type { State } from '../../src/models/state.js';

/** Rows are positions, columns channels. */
type Matrix = number[][];

const relu = (x: Matrix): Matrix => x.map((row) => row.map((value) => Math.max(0, value)));
const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/**
 * G-TAD as it is written in lofi_spec §3.2-3.4, one video at a time, in doubles and in the authors' order: align all
 * 256·36 channels first, project after. `state` is in PyTorch's layouts. Slow; for small sizes.
 */
export function naiveGtad(x: Matrix, state: State, options: Omit<GtadOptions, 'features'>) {
  const { groups, k, inner, context } = options;

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
  const aligned = anchors(snippets).map((anchor) => {
    const pool = (nodes: Matrix, bins: number) => {
      const weights = alignWeights(regionOfInterest(anchor), bins, snippets);
      return Array.from({ length: bins }, (_, bin) =>
        nodes[0]!.map((_, c) => nodes.reduce((sum, node, t) => sum + weights[bin * snippets + t]! * node[c]!, 0)),
      );
    };
    const bins = [...pool(graph, inner), ...pool(semantic, context)];
    return graph[0]!.flatMap((_, c) => bins.map((bin) => bin[c]!));
  });
  const hidden = ['loc.0', 'loc.2', 'loc.4', 'loc.6'].reduce((rows, name) => relu(conv(rows, name, 1)), aligned);
  return {
    map: conv(hidden, 'loc.8', 1).map((row) => row.map(sigmoid)),
    start: boundary(base, 'start'),
    end: boundary(base, 'end'),
  };
}
