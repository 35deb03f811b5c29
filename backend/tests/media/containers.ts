/** ffmpeg's arguments to write one kind of file. */
export interface ContainerRecipe {
  readonly extension: string;
  readonly arguments: readonly string[];
  /** Absent if the container holds only audio. */
  readonly videoCodec?:
    | 'libx264'
    | 'mpeg4'
    | 'mpeg1video'
    | 'mpeg2video'
    | 'flv'
    | 'wmv2'
    | 'libvpx'
    | 'libtheora'
    | 'h263';
  /** The usual codec of the container. */
  readonly audioCodec: string;
  /** Written to a pipe, so that nothing can be added afterwards: no length, no index. */
  readonly live?: true;
}

const fragmented = ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'];

/** Every container that the tests make, by its name in recipes. */
export const containers = {
  mp4: { extension: 'mp4', arguments: ['-f', 'mp4'], videoCodec: 'libx264', audioCodec: 'aac' },
  'mp4-index-first': {
    extension: 'mp4',
    arguments: ['-f', 'mp4', '-movflags', '+faststart'],
    videoCodec: 'libx264',
    audioCodec: 'aac',
  },
  'mp4-fragmented': { extension: 'mp4', arguments: fragmented, videoCodec: 'libx264', audioCodec: 'aac' },
  /** As a recorder writes it: fragments, and an index of them at the end. */
  'mp4-fragmented-indexed': {
    extension: 'mp4',
    arguments: ['-f', 'mp4', '-movflags', 'frag_keyframe+default_base_moof'],
    videoCodec: 'libx264',
    audioCodec: 'aac',
  },
  /** As streams are packaged: a table of all segments at the beginning. */
  'mp4-dash': {
    extension: 'mp4',
    arguments: ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof+global_sidx'],
    videoCodec: 'libx264',
    audioCodec: 'aac',
  },
  m4a: { extension: 'm4a', arguments: ['-f', 'ipod'], audioCodec: 'aac' },
  mov: { extension: 'mov', arguments: ['-f', 'mov'], videoCodec: 'libx264', audioCodec: 'aac' },
  'mov-index-first': {
    extension: 'mov',
    arguments: ['-f', 'mov', '-movflags', '+faststart'],
    videoCodec: 'libx264',
    audioCodec: 'aac',
  },
  '3gp': { extension: '3gp', arguments: ['-f', '3gp'], videoCodec: 'mpeg4', audioCodec: 'aac' },
  mkv: { extension: 'mkv', arguments: ['-f', 'matroska'], videoCodec: 'libx264', audioCodec: 'aac' },
  'mkv-live': {
    extension: 'mkv',
    arguments: ['-f', 'matroska'],
    videoCodec: 'libx264',
    audioCodec: 'aac',
    live: true,
  },
  webm: { extension: 'webm', arguments: ['-f', 'webm'], videoCodec: 'libvpx', audioCodec: 'libopus' },
  /** As a browser records it. */
  'webm-live': {
    extension: 'webm',
    arguments: ['-f', 'webm', '-live', '1'],
    videoCodec: 'libvpx',
    audioCodec: 'libopus',
    live: true,
  },
  avi: { extension: 'avi', arguments: ['-f', 'avi'], videoCodec: 'mpeg4', audioCodec: 'libmp3lame' },
  flv: { extension: 'flv', arguments: ['-f', 'flv'], videoCodec: 'flv', audioCodec: 'libmp3lame' },
  wmv: { extension: 'wmv', arguments: ['-f', 'asf'], videoCodec: 'wmv2', audioCodec: 'wmav2' },
  ts: { extension: 'ts', arguments: ['-f', 'mpegts'], videoCodec: 'libx264', audioCodec: 'aac' },
  m2ts: {
    extension: 'm2ts',
    arguments: ['-f', 'mpegts', '-mpegts_m2ts_mode', '1'],
    videoCodec: 'libx264',
    audioCodec: 'ac3',
  },
  mpg: { extension: 'mpg', arguments: ['-f', 'mpeg'], videoCodec: 'mpeg1video', audioCodec: 'mp2' },
  vob: { extension: 'vob', arguments: ['-f', 'vob'], videoCodec: 'mpeg2video', audioCodec: 'ac3' },
  ogv: { extension: 'ogv', arguments: ['-f', 'ogg'], videoCodec: 'libtheora', audioCodec: 'libvorbis' },
  ogg: { extension: 'ogg', arguments: ['-f', 'ogg'], audioCodec: 'libvorbis' },
  wav: { extension: 'wav', arguments: ['-f', 'wav'], audioCodec: 'pcm_s16le' },
  'wav-live': { extension: 'wav', arguments: ['-f', 'wav'], audioCodec: 'pcm_s16le', live: true },
  w64: { extension: 'w64', arguments: ['-f', 'w64'], audioCodec: 'pcm_s16le' },
  aiff: { extension: 'aiff', arguments: ['-f', 'aiff'], audioCodec: 'pcm_s16be' },
  caf: { extension: 'caf', arguments: ['-f', 'caf'], audioCodec: 'pcm_s16be' },
  flac: { extension: 'flac', arguments: ['-f', 'flac'], audioCodec: 'flac' },
  'flac-live': { extension: 'flac', arguments: ['-f', 'flac'], audioCodec: 'flac', live: true },
  mp3: { extension: 'mp3', arguments: ['-f', 'mp3'], audioCodec: 'libmp3lame' },
  'mp3-live': { extension: 'mp3', arguments: ['-f', 'mp3'], audioCodec: 'libmp3lame', live: true },
  aac: { extension: 'aac', arguments: ['-f', 'adts'], audioCodec: 'aac' },
  nut: { extension: 'nut', arguments: ['-f', 'nut'], videoCodec: 'mpeg4', audioCodec: 'libmp3lame' },
} as const satisfies Readonly<Record<string, ContainerRecipe>>;

export type Container = keyof typeof containers;
