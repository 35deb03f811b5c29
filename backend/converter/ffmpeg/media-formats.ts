/**
 * The demuxers that a video may reach, by ffmpeg's names. Not here, because they open what a file names (a file of this
 * machine, a URL) instead of what it holds: hls, dash, concat, sdp, rtsp, imf, webm_dash_manifest, lavfi, ffmetadata. Not here,
 * because a picture is no sound: gif, image2 and all `*_pipe`. Not here, because hardly anybody has them and nobody looks
 * after them: game formats, trackers' modules, raw samples.
 */
const allowedDemuxers = [
  // Films.
  'mov',
  'matroska',
  'avi',
  'flv',
  'live_flv',
  'asf',
  'mpegts',
  'mpeg',
  'ogg',
  'rm',
  'mxf',
  'gxf',
  'nut',
  'dv',
  'wtv',
  // Sound by itself.
  'mp3',
  'aac',
  'loas',
  'ac3',
  'eac3',
  'dts',
  'dtshd',
  'truehd',
  'mlp',
  'flac',
  'wav',
  'w64',
  'aiff',
  'caf',
  'au',
  'wv',
  'ape',
  'tta',
  'tak',
  'mpc',
  'mpc8',
  'amr',
  'dsf',
  'xwma',
  // Pictures by themselves: known, so that what is missing can be named.
  'h264',
  'hevc',
  'm4v',
  'mpegvideo',
  'ivf',
];

/** For every ffmpeg and ffprobe, before its input: what a file can make them open. */
export const sourceOptions: readonly string[] = [
  '-protocol_whitelist',
  'file,pipe',
  '-format_whitelist',
  allowedDemuxers.join(','),
];

/** Under what name a source lies in its work folder: no person's file name comes onto a command line. */
export const sourceName = 'source';
export const sourceUrl = `file:${sourceName}`;
