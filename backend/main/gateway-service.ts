import { openLimits } from '../client-limits.ts';
import type { Config } from '../config.ts';
import type { OwnerSide } from '../conversions/conversions.ts';
import { createGateway } from '../gateway/gateway.ts';
import type { Authentication } from '../http/authentication.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import { startServer } from '../http/server.ts';
import { descriptorLimit } from './descriptor-limit.ts';
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
  /** How many conversions this process may run besides. */
  readonly places: number;
  /** Whether clients can go on at another gateway when this one stops. */
  readonly handsOver: boolean;
  readonly onAnswer?: (facts: AnswerFacts) => void;
}

export interface GatewayService extends AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
}

/**
 * Starts the gateway on the host and port of the settings. Disposing of it tells clients that it goes, finishes the requests that are
 * running, and closes. Throws `invalid` for a host that this computer does not have.
 */
export async function startGatewayService(
  parts: GatewayServiceParts,
  config: Pick<
    Config,
    'host' | 'port' | 'loopback' | 'publicUrl' | 'trustedProxies' | 'signUp' | 'maxUploadBytes' | 'maxDurationSeconds'
  >,
  { owners, authentication, version, mail, places, handsOver, onAnswer }: GatewayServiceOptions,
): Promise<GatewayService> {
  const { host, port, loopback, publicUrl, trustedProxies } = config;
  const { log } = parts;
  const limits = openLimits(descriptorLimit(), places);
  const gateway = createGateway({
    ...owners,
    conversions: owners.owned,
    events: parts.events,
    authentication,
    settings: { ...config, version, mail },
    hosts: { loopback, publicUrl },
    trustedProxies,
    limits,
    log,
    ...(onAnswer === undefined ? {} : { onAnswer }),
    reachAll: () => reachAll(parts, authentication),
  });
  const server = await startServer(gateway.app, {
    host,
    port,
    log,
    handsOver,
    connections: { ...limits.connections, trustedProxies },
  });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await Promise.all([server.close(), gateway.close()]);
    },
  };
}
