import { afterEach, beforeEach } from 'vitest';
import type { TestAccount } from './test-account.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts';

/** A gateway and an account of it, both new for each test of a file. */
export interface GatewayForEachTest {
  readonly gateway: TestGateway;
  readonly ada: TestAccount;
  /** Replaces both with a gateway that has other options. */
  start(options: TestGatewayOptions): Promise<void>;
}

/** Sets it up with hooks of vitest. Must be called at the top of a test file. */
export function setUpTestGateway(): GatewayForEachTest {
  let gateway: TestGateway;
  let ada: TestAccount;

  async function start(options: TestGatewayOptions = {}): Promise<void> {
    await gateway?.[Symbol.asyncDispose]();
    gateway = await startTestGateway(options);
    ada = await gateway.account();
  }
  beforeEach(() => start());
  afterEach(() => gateway[Symbol.asyncDispose]());

  return {
    get gateway() {
      return gateway;
    },
    get ada() {
      return ada;
    },
    start,
  };
}
