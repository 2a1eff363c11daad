/**
 * The formats that a video file may have, by ffmpeg's names. All of them hold the pictures themselves. Formats that
 * only name other files are not among them: lists (concat, hls, dash), sessions (sdp, rtsp), packages (imf), scripts
 * (avisynth, vapoursynth); nor are single images and raw pixels, which anything would be.
 */
export const containerFormats: readonly string[] = [
  ...['mov', 'mp4', 'm4a', '3gp', '3g2', 'mj2'],
  ...['matroska', 'webm', 'avi', 'mpegts', 'mpeg', 'flv', 'kux', 'live_flv', 'asf', 'asf_o', 'ogg'],
  ...['mxf', 'gxf', 'lxf', 'nut', 'nuv', 'nsv', 'ivf', 'rm', 'wtv', 'dv', 'ty', 'pmp', 'r3d', 'swf'],
  ...['dhav', 'ifv', 'ivr', 'luodat'],
  ...['h261', 'h263', 'h264', 'hevc', 'vvc', 'evc', 'av1', 'obu', 'm4v', 'mpegvideo', 'vc1', 'vc1test', 'dirac'],
  ...['cavsvideo', 'avs2', 'avs3', 'mjpeg', 'mjpeg_2000', 'smjpeg', 'ingenient', 'dnxhd', 'apv'],
  ...['yuv4mpegpipe', 'gif', 'apng', 'jpegxl_anim', 'webp_anim'],
];
