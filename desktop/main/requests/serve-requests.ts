import type { IpcMain, IpcMainInvokeEvent } from 'electron';
import type { z } from 'zod';
import { type RequestName, type Requests, requestChannel, requestNames } from '../../ipc.ts';
import { requestArguments } from './request-arguments.ts';

/** A function for each request. */
export type RequestHandlers = {
  readonly [Name in RequestName]: (
    ...args: Parameters<Requests[Name]>
  ) => ReturnType<Requests[Name]> | Promise<ReturnType<Requests[Name]>>;
};

export interface ServeRequests {
  readonly ipcMain: Pick<IpcMain, 'handle'>;
  readonly handlers: RequestHandlers;
  /** Whether a request comes from the page of the app's own window, and not from a frame in it or another page. */
  readonly isOurs: (event: IpcMainInvokeEvent) => boolean;
  /** Called with what a handler throws. The renderer does not get it. */
  readonly onDefect: (error: unknown, name: RequestName) => void;
}

/** Answers the requests of our own page whose arguments fit their schemas. */
export function serveRequests({ ipcMain, handlers, isOurs, onDefect }: ServeRequests): void {
  function serve<Name extends RequestName>(name: Name): void {
    const schema: z.ZodType<Parameters<Requests[Name]>> = requestArguments[name];
    ipcMain.handle(requestChannel(name), async (event, ...args: unknown[]) => {
      if (!isOurs(event)) throw new Error('refused: not from the app’s own page');
      const parsed = schema.safeParse(args);
      if (!parsed.success) throw new Error(`refused: ${name} does not take such arguments`);
      try {
        return await handlers[name](...parsed.data);
      } catch (error) {
        onDefect(error, name);
        // oxlint-disable-next-line preserve-caught-error -- the cause's message may contain a path or a secret
        throw new Error(`${name} failed`);
      }
    });
  }
  for (const name of requestNames) serve(name);
}
