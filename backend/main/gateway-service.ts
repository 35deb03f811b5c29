import type { Config } from '../config.ts';
import type { OwnerSide } from '../conversions/conversions.ts';
import { createGateway } from '../gateway/gateway.ts';
import type { Authentication } from '../http/authentication.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import type { GatewayListener } from './gateway-listener.ts';
import type { Parts } from './parts.ts';
import { reachAll } from './reach-all.ts';

type GatewayServiceParts = Pick<Parts, 'conversions' | 'videos' | 'mp3s' | 'events' | 'damage' | 'log'>;

export interface GatewayServiceOptions {
  readonly owners: OwnerSide;
  readonly authentication: Authentication;
  /** Soundlift's version, for clients that query the server. */
  readonly version: string;
  /** Whether this server sends mail. */
  readonly mail: boolean;
  readonly onAnswer?: (facts: AnswerFacts) => void;
}

/**
 * Lets the gateway answer the requests that come to `listener`. Disposing of it tells clients that it goes, finishes the requests that are
 * running, and closes the listener.
 */
export function startGatewayService(
  listener: GatewayListener,
  parts: GatewayServiceParts,
  config: Pick<
    Config,
    'loopback' | 'publicUrl' | 'trustedProxies' | 'signUp' | 'maxUploadBytes' | 'maxDurationSeconds'
  >,
  { owners, authentication, version, mail, onAnswer }: GatewayServiceOptions,
): AsyncDisposable {
  const { loopback, publicUrl, trustedProxies } = config;
  const gateway = createGateway({
    ...owners,
    conversions: owners.owned,
    events: parts.events,
    authentication,
    settings: { ...config, version, mail },
    hosts: { loopback, publicUrl },
    trustedProxies,
    limits: listener.limits,
    log: parts.log,
    ...(onAnswer === undefined ? {} : { onAnswer }),
    reachAll: () => reachAll(parts, authentication),
  });
  listener.serve(gateway.app);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([listener.close(), gateway.close()]);
    },
  };
}
