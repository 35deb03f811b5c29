import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEvents } from '../../tests/running/event-client.ts';
import { startTestGateway, type TestAccount, type TestGateway } from '../../tests/test-gateway.ts';

describe('events', () => {
  let gateway: TestGateway;
  let account: TestAccount;
  beforeEach(async () => {
    gateway = await startTestGateway();
    account = await gateway.account();
  });
  afterEach(() => gateway[Symbol.asyncDispose]());

  it('works', async () => {
    await using client = await openEvents(gateway.url, { token: account.token });
    const { id } = await account.upload('abc');
    await client.until('queued', (frames) => frames.some((f) => f.type === 'conversion' && f.conversion.id === id));
    await gateway.close();
  });
});
