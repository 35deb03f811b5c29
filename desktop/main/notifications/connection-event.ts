import type { BackendStatus } from '../../ipc.ts';

/** `sent_away`: the server has ended the session, and the person does not know. */
export type ConnectionEvent = 'lost' | 'back' | 'sent_away';

/** What happened to the connection between two statuses. Undefined for changes that need no report. */
export function connectionEvent(before: BackendStatus, now: BackendStatus): ConnectionEvent | undefined {
  if (now.kind !== 'server') return undefined;
  const was = before.kind === 'server' && before.host === now.host ? before.connection : undefined;
  if (was === now.connection) return undefined;
  switch (now.connection) {
    case 'offline':
      return 'lost';
    case 'connected':
      return was === 'offline' ? 'back' : undefined;
    case 'signed_out':
      return was === undefined || now.leftOnPurpose === true ? undefined : 'sent_away';
    case 'connecting':
      return undefined;
  }
}
