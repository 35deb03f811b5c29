import {
  type Conversion,
  maxPageItems,
  openConversionSchema,
  openConversionsPageSchema,
  openNotificationsPageSchema,
  type Page,
  type ServerInfo,
} from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Backend } from './backend.ts';
import { conversionPath, conversionsPath } from './conversion-paths.ts';
import { downloadResult } from './download-result.ts';
import { type EventStream, type EventStreamOptions, openEventStream } from './event-stream.ts';
import { keepTrying } from './keep-trying.ts';
import { askServerInfo } from './server-http.ts';
import type { ServerSession } from './server-session.ts';
import { uploadFile } from './upload-file.ts';

const notificationsPath = '/api/v1/notifications';
/** How many files are uploaded at once. Two keep the connection busy while one of them waits for an answer. */
const uploadsAtOnce = 2;

/** A backend on a server. It keeps ended conversions. */
export interface RemoteBackend extends Backend {
  /** Newest first. `cursor` is `next` of the previous page. */
  page(cursor?: string): Promise<Page<Conversion>>;
  /** Reconnects the event streams now instead of waiting for the next try. */
  tryNow(): void;
}

/** The backend on a server, for the signed-in account. `following` applies to each event stream that `follow` opens. */
export function createRemoteBackend(session: ServerSession, following: EventStreamOptions = {}): RemoteBackend {
  const streams = new Set<EventStream>();
  const waiting: (() => void)[] = [];
  let uploading = 0;
  let asked: Promise<ServerInfo> | undefined;

  const askFor = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<Conversion> =>
    await session.askFor(openConversionSchema, { method, path, ...(body === undefined ? {} : { body }) });

  /** The server's limits. They are fetched once. */
  async function serverInfo(): Promise<ServerInfo> {
    asked ??= askServerInfo(session.http);
    // After a failure, the next caller fetches them again.
    return await asked.catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
  }

  async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (uploading >= uploadsAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else uploading += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) uploading -= 1;
      else next();
    }
  }

  return {
    async submit({ file, options, batch, resumable, onSent = () => {} }, signal) {
      return await inTurn(async () => {
        signal.throwIfAborted();
        const { maxUploadBytes } = await keepTrying(serverInfo, signal);
        const id = await uploadFile({ session, file, options, batch, resumable, signal, maxUploadBytes, onSent });
        try {
          return await keepTrying(async () => await askFor('GET', conversionPath(id)), signal);
        } catch (error) {
          // The caller does not have the id, so nobody else could remove it.
          if (resumable === undefined)
            await session.ask({ method: 'DELETE', path: conversionPath(id) }).catch(() => undefined);
          throw error;
        }
      });
    },

    follow(listener) {
      const stream = openEventStream(session, listener, following);
      streams.add(stream);
      return () => {
        streams.delete(stream);
        stream.close();
      };
    },

    get: (id) => askFor('GET', conversionPath(id)),

    async openResult(id, signal) {
      signal.throwIfAborted();
      const { state, result } = await keepTrying(async () => await askFor('GET', conversionPath(id)), signal);
      if (state !== 'done' || result === undefined) throw new AppError('wrong_state', sayShared('failNotDone'));
      const { bytes, sha256 } = result;
      return { bytes, sha256, chunks: downloadResult(session, id, result, signal) };
    },

    cancel: (id) => askFor('POST', conversionPath(id, '/cancel')),
    retry: (id, options) => askFor('POST', conversionPath(id, '/retry'), options === undefined ? {} : { options }),

    async remove(id) {
      await session.ask({ method: 'DELETE', path: conversionPath(id) });
    },

    async clear() {
      await session.ask({ method: 'POST', path: `${conversionsPath}/clear` });
    },

    async notifications() {
      const path = `${notificationsPath}?limit=${maxPageItems}`;
      return (await session.askFor(openNotificationsPageSchema, { method: 'GET', path })).items;
    },

    async markRead(ids) {
      if (ids.length > 0) await session.ask({ method: 'POST', path: `${notificationsPath}/read`, body: { ids } });
    },

    tryNow() {
      for (const stream of streams) stream.tryNow();
    },

    async page(cursor) {
      const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const { items, next } = await session.askFor(openConversionsPageSchema, {
        method: 'GET',
        path: `${conversionsPath}${query}`,
      });
      return next === undefined ? { items } : { items, next };
    },

    async close() {
      for (const stream of streams) stream.close();
    },
  };
}
