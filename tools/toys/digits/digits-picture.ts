import * as tf from '@tensorflow/tfjs-core';
import { canvas, future, past, type TrainedDigits } from './study-digits.js';

/** A row of frames of each video: `[frames, videos, canvas²]`, values from 0 to 1. */
export interface FrameRow {
  readonly title: string;
  readonly frames: readonly (readonly (readonly number[])[])[];
}

/** Shades that pixels are drawn in, from black to white. */
const shades = 8;
const [scale, gap, label] = [3, 6, 110];

/** Input, reconstruction, prediction and truth of the first videos, as a model that does both makes them. */
export function framesOf({ model, pass, videos }: TrainedDigits, count: number): FrameRow[] {
  const part = (from: number, frames: number) => tf.slice(videos, [from, 0, 0], [frames, count, -1]);
  const [input, truth] = [part(0, past), part(past, future)];
  const rows: [title: string, frames: tf.Tensor3D][] = [
    ['input', input],
    ['reconstruction', model.reconstruct(input, pass, 'free')],
    ['future', model.predict(input, truth, pass, 'free')],
    ['truth', truth],
  ];
  return rows.map(([title, tensor]) => {
    const frames = tensor.arraySync();
    tensor.dispose();
    return { title, frames };
  });
}

/** Rows of frames as SVG, the videos side by side. */
export function digitsPicture(rows: readonly FrameRow[]): string {
  const side = canvas * scale;
  const parts: string[] = [];
  let width = 0;
  rows.forEach(({ title, frames }, row) => {
    const top = gap + row * (side + gap);
    parts.push(`<text x="${label - 8}" y="${top + side / 2 + 4}" text-anchor="end">${title}</text>`);
    frames[0]!.forEach((_, video) => {
      frames.forEach((videos, t) => {
        const left = label + video * (frames.length * (side + 2) + 3 * gap) + t * (side + 2);
        width = Math.max(width, left + side + gap);
        parts.push(frame(videos[video]!, left, top));
      });
    });
  });
  const height = gap + rows.length * (side + gap);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/** A frame as a black square, on which the pixels of each shade are one path. */
function frame(pixels: readonly number[], left: number, top: number): string {
  const paths = new Map<number, string>();
  pixels.forEach((value, i) => {
    const shade = Math.round(Math.min(1, Math.max(0, value)) * shades);
    if (shade === 0) return;
    const [x, y] = [i % canvas, Math.floor(i / canvas)];
    paths.set(shade, `${paths.get(shade) ?? ''}M${x} ${y}h1v1h-1z`);
  });
  const drawn = [...paths].map(([shade, d]) => `<path opacity="${shade / shades}" d="${d}"/>`);
  return (
    `<g transform="translate(${left} ${top}) scale(${scale})" fill="white" shape-rendering="crispEdges">` +
    `<rect width="${canvas}" height="${canvas}" fill="black"/>${drawn.join('')}</g>`
  );
}
