import type { Route } from '../../http/routes.ts';
import { finishConversion, signingSecret, startTestGateway, storedBlobs } from '../test-gateway.ts';
import type { OwnershipBackend } from './ownership-backend.ts';

export async function startEmbeddedBackend(): Promise<OwnershipBackend & { readonly routes: readonly Route[] }> {
  const gateway = await startTestGateway({ trustedProxies: ['127.0.0.1'] });
  const { url, routes, users, test } = gateway;
  return {
    url,
    routes,
    signingSecret,
    account: (options) => gateway.account(options),
    removeAccount: (id) => users.remove(id),
    finish: (id, mp3) => finishConversion(test, id, mp3),
    notify: async (owner, notification) => void (await test.notifications.insert({ owner, notification, told: [] })),
    blobs: () => storedBlobs(test),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}
