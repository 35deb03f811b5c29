/**
 * The demuxers that a source may use, by ffmpeg's names. Left out because they open what a file names (a file of this
 * machine, a URL): hls, dash, concat, sdp, rtsp, imf, webm_dash_manifest, lavfi, ffmetadata. Left out because pictures
 * have no audio: gif, image2 and all `*_pipe`. Left out because they are rare and poorly maintained: game formats,
 * tracker modules, raw samples.
 */
const allowedDemuxers = [
  // Video.
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
  // Audio only.
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
  // Video without audio. Allowed so that the error can say that the audio is missing.
  'h264',
  'hevc',
  'm4v',
  'mpegvideo',
  'ivf',
];

/** Input options for every ffmpeg and ffprobe. They limit what a file can make them open. */
export const sourceOptions: readonly string[] = [
  '-protocol_whitelist',
  'file,pipe',
  '-format_whitelist',
  allowedDemuxers.join(','),
];

/** The name of the source in its work folder. A person's file name never appears on a command line. */
export const sourceName = 'source';
export const sourceUrl = `file:${sourceName}`;
