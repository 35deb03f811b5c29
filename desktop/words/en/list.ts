/** ICU messages. */
export const listMessages = {
  listWaveformOf: 'Waveform of {name}',
  listPositionIn: 'Position in {name}',
  listPositionSpoken: '{position} of {duration}',
} as const;
