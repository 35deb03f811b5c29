import { closeSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { type ErrorMemory, traceOf } from './error-memory.ts';

export interface LogParts {
  /** Absolute path of the app's folder for logs. Created if missing. */
  readonly folder: string;
  readonly level?: 'debug' | 'info';
  /** Gets each error that is logged. */
  readonly memory: ErrorMemory;
  /** A larger file is renamed to `app.1.log`. */
  readonly maxBytes?: number;
}

const megabyte = 1024 * 1024;
/** The number of old files. */
const oldFiles = 2;
/** Names of logged properties that may contain personal data. */
const secret = ['path', 'file', 'folder', 'name', 'email', 'password', 'token', 'url', 'paths', 'names'];

/** The app's log, `app.log`. Errors are logged without paths and names, unless the level is `debug`. */
export function openLog({ folder, level = 'info', memory, maxBytes = megabyte }: LogParts): Logger {
  const isDebug = level === 'debug';
  return pino(
    {
      level,
      base: null,
      ...(isDebug ? {} : { serializers: { err: traceOf }, redact: [...secret, ...secret.map((name) => `*.${name}`)] }),
      hooks: {
        logMethod(args, method) {
          const [first, words] = args as readonly unknown[];
          if (typeof first === 'object' && first !== null && 'err' in first)
            memory.remember(first.err, typeof words === 'string' ? words : undefined);
          method.apply(this, args);
        },
      },
    },
    rotatingFile(folder, maxBytes),
  );
}

/** Writes synchronously, so that the last lines before a crash are kept. On a full disk, lines are lost but the app continues. */
function rotatingFile(folder: string, maxBytes: number): { write(line: string): void } {
  const file = (age: number): string => join(folder, age === 0 ? 'app.log' : `app.${age}.log`);
  let written = 0;
  let descriptor: number | undefined;

  function open(): number {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    written = statSync(file(0), { throwIfNoEntry: false })?.size ?? 0;
    if (written > maxBytes) {
      for (let age = oldFiles; age > 0; age -= 1)
        if (statSync(file(age - 1), { throwIfNoEntry: false }) !== undefined) renameSync(file(age - 1), file(age));
      written = 0;
    }
    return openSync(file(0), 'a', 0o600);
  }

  return {
    write(line) {
      try {
        if (descriptor !== undefined && written > maxBytes) {
          closeSync(descriptor);
          descriptor = undefined;
        }
        descriptor ??= open();
        written += writeSync(descriptor, line);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
      }
    },
  };
}
