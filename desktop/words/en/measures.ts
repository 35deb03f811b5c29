/** ICU messages of times and sizes. */
export const measuresMessages = {
  percent: '{percent, number} %',
  measuresHoursMinutes: '{hours, number} h {minutes, number} min',
  measuresHours: '{hours, number} h',
  measuresMinutes: '{minutes, number} min',
  measuresSeconds: '{seconds, number} s',
  measuresSpeed: '{speed}×',
  measuresPart: '{part} of {whole}',
  measuresLeft: '{time} left',
  measuresSpokenHours: '{hours, plural, one {# hour} other {# hours}}',
  measuresSpokenMinutes: '{minutes, plural, one {# minute} other {# minutes}}',
  measuresSpokenSeconds: '{seconds, plural, one {# second} other {# seconds}}',
} as const;
