import { drawBackdrop } from './backdrop.js';
import type { Scene } from './scene.js';
import { drawShape } from './shapes.js';

/**
 * Draws frame `index` of a scene: RGB `[height, width, 3]`, one byte per channel. It depends on nothing but the scene.
 */
export function renderFrame(scene: Scene, index: number): Uint8Array {
  const picture = drawBackdrop(scene.backdrop, (index * scene.fps[1]) / scene.fps[0]);
  drawShape(picture, scene.shape, scene.colour, { ...scene.poses[index]!, tilt: scene.tilt });
  return picture.pixels;
}

/** All frames of a scene in order, each drawn when it is asked for. */
export function* renderFrames(scene: Scene): Generator<Uint8Array> {
  for (let i = 0; i < scene.poses.length; i++) yield renderFrame(scene, i);
}
