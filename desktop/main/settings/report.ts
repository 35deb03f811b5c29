import type { System } from '../../ipc.ts';
import type { KeptSettings } from './settings-store.ts';

export interface ReportFacts {
  readonly version: string;
  readonly system: System;
  readonly settings: KeptSettings;
}

/** What a person may copy for who helps: versions and choices, without names, paths and addresses. */
export function report({ version, system, settings }: ReportFacts): string {
  const { place, quality, saveTo, whenTaken, atOnce } = settings;
  return [
    `Soundlift ${version}, ${system}`,
    ...Object.entries(process.versions).flatMap(([name, number]) =>
      ['electron', 'chrome', 'node'].includes(name) ? [`${name} ${number}`] : [],
    ),
    `place ${place.kind}, save ${saveTo.kind}, taken ${whenTaken}, at once ${atOnce ?? 'as advised'}`,
    `quality ${JSON.stringify(quality)}`,
  ].join('\n');
}
