import path from 'node:path';

/**
 * Extensions of video files. They only say what a name without its extension is, and spare a question to ffmpeg: files
 * of any other extension are asked.
 */
// prettier-ignore
const extensions = new Set([
  '.mp4', '.mkv', '.webm', '.avi', '.mov', '.m4v', '.mpg', '.mpeg', '.flv', '.wmv', '.ts', '.3gp', '.mts', '.m2ts',
  '.vob', '.gif', '.h264', '.264', '.h265', '.265', '.hevc', '.asf', '.ogv', '.mxf', '.m2v', '.f4v', '.3g2', '.divx',
]);

/** Whether a name ends like that of a video file. */
export function hasVideoExtension(name: string): boolean {
  return extensions.has(path.extname(name).toLowerCase());
}

/** The file name without its extension, if that is the extension of a video. */
export function stripVideoExtension(name: string): string {
  return hasVideoExtension(name) ? name.slice(0, -path.extname(name).length) : name;
}
