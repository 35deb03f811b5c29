import type { Logger } from 'pino';
import type { OwnedChanges } from '../conversions/owned-changes.ts';
import type { OwnedConversions } from '../conversions/owned-conversions.ts';
import type { OwnedNotifications } from '../conversions/owned-notifications.ts';
import type { ResumableUploads } from '../conversions/uploads/resumable-uploads.ts';
import type { Authentication } from '../http/authentication.ts';
import type { HostPolicy } from '../http/request-checks.ts';
import type { AnswerFacts } from '../http/request-log.ts';
import type { SocketLimits } from './events/socket-limits.ts';

export interface GatewaySettings {
  /** The version of Soundlift. */
  readonly version: string;
  readonly signUp: 'open' | 'closed';
  /** Whether this server can send mail. */
  readonly mail: boolean;
  readonly maxUploadBytes: number;
  readonly maxDurationSeconds: number;
  /** Seconds without data after which an upload is stopped. */
  readonly uploadIdleSeconds?: number;
  /** Overrides of the default limits. */
  readonly sockets?: Partial<SocketLimits>;
}

export interface GatewayParts {
  readonly conversions: OwnedConversions;
  readonly uploads: ResumableUploads;
  readonly notifications: OwnedNotifications;
  readonly changes: OwnedChanges;
  readonly authentication: Authentication;
  readonly settings: GatewaySettings;
  readonly hosts: HostPolicy;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies?: readonly string[];
  readonly log: Logger;
  /** Called with the facts of each answer. */
  readonly onAnswer?: (facts: AnswerFacts) => void;
  /** Rejects while a service that the gateway needs cannot be reached. */
  readonly reachAll: () => Promise<void>;
}
