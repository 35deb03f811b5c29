import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type ApiClient, makeAccount, signIn } from '../running/api-client.ts';
import { describeAccess } from './access-flow.ts';
import { describeBadSources } from './bad-sources-flow.ts';
import { describeConversions } from './conversions-flow.ts';
import { describeEvents } from './events-flow.ts';
import { describeFaults } from './faults-flow.ts';
import type { AddedAccount, FlowBackend } from './flow-backend.ts';
import { type FlowMedia, makeFlowMedia } from './flow-media.ts';
import { describeOriginalCommands } from './original-commands-flow.ts';
import { describeResults } from './results-flow.ts';

/** What each test of the suite starts from. */
export interface Flow<Backend extends FlowBackend = FlowBackend> {
  readonly backend: Backend;
  readonly media: FlowMedia;
  /** Creates an account and signs in. */
  account(): Promise<ApiClient>;
  /** Signs in to an account that an administrator has added. Its address is confirmed, so it gets mail. */
  addedAccount(facts?: Pick<AddedAccount, 'admin'>): Promise<ApiClient>;
}

let added = 0;

/**
 * The behaviour of a whole running backend, whatever its parts are: the same tests for each backend that `start` can
 * make, then those that `describeMore` has for this one. Registers vitest's tests.
 */
export function describeFlow<Backend extends FlowBackend>(
  name: string,
  start: () => Promise<Backend>,
  describeMore: (flow: Flow<Backend>) => void,
): void {
  describe(name, () => {
    let backend: Backend | undefined;
    let media: FlowMedia | undefined;
    const there = <Part>(part: Part | undefined): Part => {
      if (part === undefined) throw new Error('the backend was not started');
      return part;
    };
    const flow: Flow<Backend> = {
      get backend() {
        return there(backend);
      },
      get media() {
        return there(media);
      },
      account: () => makeAccount({ url: () => flow.backend.url() }),
      async addedAccount({ admin } = { admin: false }) {
        added += 1;
        const account = { email: `added-${added}@example.com`, password: 'a password of an added account' };
        await flow.backend.addAccount({ ...account, admin });
        return await signIn({ url: () => flow.backend.url(), ...account });
      },
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
    describeMore(flow);
  });
}
