import type { System } from '../../ipc.ts';
import type { ErrorTrace, RememberedError } from './error-memory.ts';
import type { KeptSettings } from './settings-store.ts';

/** The facts in the report. */
export interface ReportParts {
  /** The version of the app. */
  readonly version: string;
  readonly system: System;
  /** The system's own version: `14.2.1`. */
  readonly systemVersion?: string;
  readonly electronVersion?: string;
  /** ffmpeg's own version: `7.1`. */
  readonly ffmpegVersion?: string;
  readonly settings: KeptSettings;
  /** Oldest first. */
  readonly errors?: readonly RememberedError[];
}

/**
 * The text that a person copies into a bug report: versions, settings and the latest errors, without anything about the person or the
 * videos. It is always in English, because the developers read it.
 */
export function report(parts: ReportParts): string {
  const { version, system, systemVersion, electronVersion, ffmpegVersion, settings, errors = [] } = parts;
  const versions = [
    `Soundlift ${version}`,
    `System: ${[system, plainVersion(systemVersion)].filter((word) => word !== undefined).join(' ')}`,
    `Electron: ${plainVersion(electronVersion) ?? 'unknown'}`,
    `ffmpeg: ${plainVersion(ffmpegVersion) ?? 'unknown'}`,
  ];
  const lines = errors.length === 0 ? ['none'] : errors.flatMap(errorLines);
  return `${[...versions, '', 'Settings', ...settingLines(settings), '', 'Last errors', ...lines].join('\n')}\n`;
}

/** A build of ffmpeg may have any text as its version. */
function plainVersion(version: string | undefined): string | undefined {
  return version === undefined ? undefined : /^[nN]?\d+(\.\d+){0,3}/.exec(version)?.[0];
}

/** Each setting is named here, so that a new one is not included by accident. */
function settingLines(settings: KeptSettings): readonly string[] {
  const { backend, quality, saveTo, whenTaken, atOnce, notify, notifySound, theme, keepInTray, openAtLogin, paused } =
    settings;
  const custom =
    quality.kind === 'custom'
      ? ` ${quality.bitrateKbps ?? `q${quality.quality ?? ''}`} ${quality.mono ? 'mono' : 'as it is'}`
      : '';
  const shown = {
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
  return Object.entries(shown).map(([name, value]) => `  ${name}: ${value}`);
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
