import type { System } from '../../ipc.ts';
import type { ErrorTrace, RememberedError } from './error-memory.ts';
import type { KeptSettings } from './settings-store.ts';

/** What the report is written of. */
export interface ReportParts {
  /** The app's. */
  readonly version: string;
  readonly system: System;
  /** As the system calls it: `14.2.1`. */
  readonly systemVersion?: string;
  readonly electronVersion?: string;
  /** As ffmpeg calls it: `7.1`. */
  readonly ffmpegVersion?: string;
  readonly settings: KeptSettings;
  /** Oldest first. */
  readonly errors?: readonly RememberedError[];
}

/**
 * The text that a person copies for somebody who helps: versions, settings and the last errors, and nothing that says who they are or
 * what they convert. It is read by those who write Soundlift, whatever language the app speaks.
 */
export function report(parts: ReportParts): string {
  const { version, system, systemVersion, electronVersion, ffmpegVersion, settings, errors = [] } = parts;
  const versions = [
    `Soundlift ${version}`,
    `System: ${[system, plainVersion(systemVersion)].filter((word) => word !== undefined).join(' ')}`,
    `Electron: ${plainVersion(electronVersion) ?? 'unknown'}`,
    `ffmpeg: ${plainVersion(ffmpegVersion) ?? 'unknown'}`,
  ];
  const told = errors.length === 0 ? ['none'] : errors.flatMap(errorLines);
  return `${[...versions, '', 'Settings', ...settingLines(settings), '', 'Last errors', ...told].join('\n')}\n`;
}

/** Whoever built an ffmpeg may have put anything into its version. */
function plainVersion(version: string | undefined): string | undefined {
  return version === undefined ? undefined : /^[nN]?\d+(\.\d+){0,3}/.exec(version)?.[0];
}

/** Each by name, so that none is told only because it is new. */
function settingLines(settings: KeptSettings): readonly string[] {
  const { backend, quality, saveTo, whenTaken, atOnce, notify, notifySound, theme, keepInTray, openAtLogin, paused } =
    settings;
  const custom =
    quality.kind === 'custom'
      ? ` ${quality.bitrateKbps ?? `q${quality.quality ?? ''}`} ${quality.mono ? 'mono' : 'as it is'}`
      : '';
  const told = {
    backend: backend.kind,
    quality: `${quality.kind}${custom}`,
    saveTo: saveTo.kind,
    whenTaken,
    atOnce: atOnce ?? 'as advised',
    notify,
    notifySound,
    theme,
    keepInTray,
    openAtLogin,
    paused,
  };
  return Object.entries(told).map(([name, value]) => `  ${name}: ${value}`);
}

function errorLines({ at, doing, trace }: RememberedError): readonly string[] {
  return [`  ${new Date(at).toISOString()}${doing === undefined ? '' : ` ${doing}`}`, ...traceLines(trace, '    ')];
}

function traceLines({ kind, message, at, cause }: ErrorTrace, indent: string): readonly string[] {
  return [
    `${indent}${kind}${message === undefined ? '' : `: ${message}`}`,
    ...at.map((frame) => `${indent}  at ${frame}`),
    ...(cause === undefined ? [] : [`${indent}because of`, ...traceLines(cause, `${indent}  `)]),
  ];
}
