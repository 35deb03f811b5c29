import type { Logger } from 'pino';
import type { OpenLimits } from '../client-limits.ts';
import type { Config } from '../config.ts';
import type { OwnedChanges } from '../conversions/owned-changes.ts';
import type { OwnedConversions } from '../conversions/owned-conversions.ts';
import type { OwnedNotifications } from '../conversions/owned-notifications.ts';
import type { ResumableUploads } from '../conversions/uploads/resumable-uploads.ts';
import type { Authentication } from '../http/authentication.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { SocketLimits } from './events/socket-limits.ts';

/** Seconds without data after which an upload is stopped. */
export const defaultUploadIdleSeconds = 60;

export interface GatewaySettings extends Pick<Config, 'signUp' | 'maxUploadBytes' | 'maxDurationSeconds'> {
  /** The version of Soundlift. */
  readonly version: string;
  /** Whether this server can send mail. */
  readonly mail: boolean;
  /** Only tests set this, to wait for less time. */
  readonly uploadIdleSeconds?: number;
  /** Only tests set these, to reach the limits sooner. */
  readonly sockets?: Partial<SocketLimits>;
}

export interface GatewayParts {
  readonly conversions: OwnedConversions;
  readonly uploads: ResumableUploads;
  readonly notifications: OwnedNotifications;
  readonly changes: OwnedChanges;
  /** The gateway takes its clients' events from `changes`. */
  readonly events: Pick<EventBus, 'publishInternal' | 'subscribeInternal'>;
  readonly authentication: Authentication;
  readonly settings: GatewaySettings;
  readonly hosts: Pick<Config, 'loopback' | 'publicUrl'>;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: Config['trustedProxies'];
  /** The limit of connections is the server's. */
  readonly limits: Omit<OpenLimits, 'connections'>;
  readonly log: Logger;
  /** Called with the facts of each answer. */
  readonly onAnswer?: (facts: AnswerFacts) => void;
  /** Rejects while a service that the gateway needs cannot be reached. */
  readonly reachAll: () => Promise<void>;
}
