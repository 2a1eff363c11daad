/** A container: its file extension, further options of its muxer, and the codec of its sound. */
export interface ContainerKind {
  name: string;
  options?: readonly string[];
  sound: readonly string[] | null;
}

/** A codec of pictures: encoder, options that keep test videos small, and pixel formats where it has such. */
export interface CodecKind {
  name: string;
  options: readonly string[];
  pixels?: string;
  tenBit?: string;
  alpha?: string;
}

const aac = ['-c:a', 'aac'];
const opus = ['-c:a', 'libopus'];

/** Containers that ffmpeg can write and people have. The index of mp4 and mov lies first, so that a cut file opens. */
export const containers: readonly ContainerKind[] = [
  { name: 'mp4', options: ['-movflags', '+faststart'], sound: aac },
  { name: 'mov', options: ['-movflags', '+faststart'], sound: aac },
  { name: '3gp', options: ['-movflags', '+faststart'], sound: aac },
  { name: 'mkv', sound: aac },
  { name: 'webm', sound: opus },
  { name: 'ts', sound: aac },
  { name: 'm2ts', options: ['-mpegts_m2ts_mode', '1', '-f', 'mpegts'], sound: aac },
  { name: 'avi', sound: ['-c:a', 'mp2'] },
  { name: 'mpg', sound: ['-c:a', 'mp2'] },
  { name: 'vob', sound: ['-c:a', 'mp2'] },
  { name: 'flv', sound: aac },
  { name: 'wmv', options: ['-f', 'asf'], sound: ['-c:a', 'wmav2'] },
  { name: 'ogv', sound: ['-c:a', 'flac'] },
  { name: 'mxf', sound: ['-c:a', 'pcm_s16le', '-ar', '48000'] },
  { name: 'nut', sound: aac },
  { name: 'gif', sound: null },
];

const x264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '20'];

export const codecs: readonly CodecKind[] = [
  { name: 'h264', options: x264, tenBit: 'yuv420p10le' },
  {
    name: 'hevc',
    options: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:bframes=2:keyint=20'],
    tenBit: 'yuv420p10le',
  },
  {
    name: 'vp9',
    options: ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8', '-g', '20', '-auto-alt-ref', '0'],
    tenBit: 'yuv420p10le',
    alpha: 'yuva420p',
  },
  { name: 'vp8', options: ['-c:v', 'libvpx', '-deadline', 'realtime', '-auto-alt-ref', '0'], alpha: 'yuva420p' },
  { name: 'av1', options: ['-c:v', 'libaom-av1', '-cpu-used', '10', '-usage', 'realtime'], tenBit: 'yuv420p10le' },
  { name: 'mpeg4', options: ['-c:v', 'mpeg4', '-bf', '2', '-g', '20'] },
  { name: 'mpeg2', options: ['-c:v', 'mpeg2video', '-bf', '2', '-g', '12'] },
  { name: 'mpeg1', options: ['-c:v', 'mpeg1video', '-bf', '2', '-g', '12'] },
  { name: 'mjpeg', options: ['-c:v', 'mjpeg'], pixels: 'yuvj420p' },
  { name: 'prores', options: ['-c:v', 'prores_ks'], pixels: 'yuv422p10le', alpha: 'yuva444p10le' },
  { name: 'ffv1', options: ['-c:v', 'ffv1'], tenBit: 'yuv420p10le', alpha: 'yuva420p' },
  { name: 'theora', options: ['-c:v', 'libtheora'] },
  { name: 'wmv2', options: ['-c:v', 'wmv2'] },
  { name: 'flv1', options: ['-c:v', 'flv'] },
  { name: 'gif', options: ['-c:v', 'gif'], pixels: 'rgb8', alpha: 'pal8' },
];

/** What may be odd about a video. */
export const oddities = [
  'plain',
  'offset',
  'variable rate',
  'rotated',
  'wide pixels',
  'two streams',
  'cut off',
  '10 bit',
  'alpha',
  'interlaced',
] as const;

export type Oddity = (typeof oddities)[number];

export interface Combination {
  container: ContainerKind;
  codec: CodecKind;
  oddity: Oddity;
}

/** All combinations, container by container. */
export function allCombinations(): Combination[] {
  return containers.flatMap((container) =>
    codecs.flatMap((codec) => oddities.map((oddity) => ({ container, codec, oddity }))),
  );
}
