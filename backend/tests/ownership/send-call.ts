import { openRaw, sendRaw } from '../raw-request.ts';
import type { TestAccount } from '../test-account.ts';
import type { RouteCall } from './route-calls.ts';

/** A call of a route with the id of a thing, or with anything else in its place. */
export interface SentCall {
  readonly name: string;
  readonly call: RouteCall;
  readonly id: string;
  readonly authorization?: string;
}

/** Everything that a caller can see of an answer, byte for byte, except the time. */
export async function sendCall(url: string, { name, call, id, authorization }: SentCall): Promise<string> {
  const method = methodOf(name, call);
  const body = call.body?.(id);
  const headers: Readonly<Record<string, string>> = {
    Host: new URL(url).host,
    Connection: 'close',
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...call.headers,
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}\r\n`);
  const text = `${method.toUpperCase()} ${call.path(id)} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`;
  const answer = headers['Upgrade'] === undefined ? await sendRaw(url, text) : await firstOf(url, text);
  return answer.replace(/^Date: .*\r\n/m, '');
}

export function methodOf(name: string, { method = name.split(' ', 1)[0] ?? '' }: RouteCall): string {
  return method;
}

/** The head of an answer on a connection that may not end. */
async function firstOf(url: string, text: string): Promise<string> {
  const connection = await openRaw(url);
  await connection.send(text);
  const answer = await connection.until(/\r\n\r\n/);
  connection.destroy();
  return answer;
}

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
export const bearer = ({ token }: TestAccount): string => `Bearer ${token}`;
