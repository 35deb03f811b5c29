import { expect, it } from 'vitest';
import type { BackendStatus } from '../../ipc.ts';
import { connectionEvent } from './connection-event.ts';

type ServerStatus = Extract<BackendStatus, { readonly kind: 'server' }>;

function at(connection: ServerStatus['connection'], more: Partial<ServerStatus> = {}): ServerStatus {
  const account = { email: 'you@example.org', confirmed: true, thisSessionOnly: false, readable: false };
  return { kind: 'server', host: 'sound.example.org', connection, ...account, ...more };
}
const here: BackendStatus = { kind: 'here', state: 'ready', advisedAtOnce: 2 };

it.each([
  ['a line that is cut', at('connected'), at('offline'), 'lost'],
  ['a line that never was', { kind: 'none' }, at('offline'), 'lost'],
  ['a line that is still cut', at('offline'), at('offline'), undefined],
  ['a try', at('offline'), at('connecting'), undefined],
  ['a line that is there again', at('offline'), at('connected'), 'back'],
  ['a first sign-in', at('connecting'), at('connected'), undefined],
  ['another server', at('offline', { host: 'other.example.org' }), at('connected'), undefined],
  ['a session that the server has ended', at('connected'), at('signed_out'), 'sent_away'],
  ['a sign-out by the person', at('connected'), at('signed_out', { leftOnPurpose: true }), undefined],
  ['a start without a sign-in', here, at('signed_out'), undefined],
  ['this computer', at('offline'), here, undefined],
] as const)('%s is reported as in the table', (_which, before, now, event) => {
  expect(connectionEvent(before, now)).toBe(event);
});
