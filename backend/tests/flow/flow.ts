import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { describeAccess } from './access-flow.ts';
import { describeBadSources } from './bad-sources-flow.ts';
import { describeConversions } from './conversions-flow.ts';
import { describeEvents } from './events-flow.ts';
import { describeFaults } from './faults-flow.ts';
import type { FlowBackend, StartBackend } from './flow-backend.ts';
import { type FlowMedia, makeFlowMedia } from './flow-media.ts';
import { describeOriginalCommands } from './original-commands-flow.ts';
import { describeResults } from './results-flow.ts';

/** What each test of the suite starts from. */
export interface Flow {
  readonly backend: FlowBackend;
  readonly media: FlowMedia;
  /** Creates an account and signs in. */
  account(): Promise<ApiClient>;
}

/**
 * The behaviour of a whole running backend, whatever its parts are: the same tests for each backend that `start` can
 * make. Registers vitest's tests.
 */
export function describeFlow(name: string, start: StartBackend): void {
  describe(name, () => {
    let backend: FlowBackend | undefined;
    let media: FlowMedia | undefined;
    const there = <Part>(part: Part | undefined): Part => {
      if (part === undefined) throw new Error('the backend was not started');
      return part;
    };
    const flow: Flow = {
      get backend() {
        return there(backend);
      },
      get media() {
        return there(media);
      },
      account: () => makeAccount({ url: () => flow.backend.url() }),
    };
    beforeAll(async () => {
      media = await makeFlowMedia();
      backend = await start();
    }, 180_000);
    // Undo what one test has frozen or held, so that it does not block the next.
    afterEach(async () => {
      await backend?.thaw();
      await backend?.ffmpeg.release();
    });
    afterAll(async () => {
      await backend?.[Symbol.asyncDispose]();
      await media?.[Symbol.asyncDispose]();
    });

    describeOriginalCommands(flow);
    describeConversions(flow);
    describeResults(flow);
    describeAccess(flow);
    describeBadSources(flow);
    describeEvents(flow);
    describeFaults(flow);
  });
}
