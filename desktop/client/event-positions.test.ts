import { expect, it } from 'vitest';
import { openBadLine } from '../../backend/tests/running/bad-line.ts';
import { openEvents } from '../../backend/tests/running/event-client.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import { startTestEventSockets } from '../../backend/tests/test-event-sockets.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { openEventStream, type StreamState } from './event-stream.ts';
import { createServerHttp } from './server-http.ts';
import type { ServerSession } from './server-session.ts';

const owner = 'anna';

it('a stream that has heard hundreds of changes hears after a break what was removed, and need not list', {
  timeout: 60_000,
}, async () => {
  await using stand = await startTestEventSockets({ pingSeconds: 0.1 });
  await using line = await openBadLine({ target: () => stand.url });
  const { owned } = stand.test.conversions;
  const submit = async () =>
    (await owned.submitFile(owner, { fileName: 'a.mp4', path: '/a', bytes: 1, options: { format: 'mp3' } })).id;
  const token = stand.token(owner);
  // Only these are used by a stream.
  const session = { http: createServerHttp(line.url), token: async () => token } as ServerSession;
  const heard: ServerEvent[] = [];
  const states: StreamState['kind'][] = [];
  let missed = 0;
  const stream = openEventStream(session, (event) => void heard.push(event), {
    onMissed: () => void (missed += 1),
    onState: ({ kind }) => void states.push(kind),
  });
  try {
    await waitUntil('the stream is connected', () => states.includes('connected'));
    const kept = await submit();
    for (let index = 0; index < 510; index++) {
      const id = await submit();
      await owned.cancel(owner, id);
      await owned.remove(owner, id);
    }
    const removals = (): number => heard.filter(({ type }) => type === 'removed').length;
    await waitUntil('the stream has heard of all', () => removals() >= 510);
    // Each client gets a position with each ping, and this one came later.
    await using other = await openEvents(stand.url, { token });
    await other.until('three pings', (frames) => frames.filter(({ type }) => type === 'at').length >= 3);
    line.down = true;
    line.cut();
    await waitUntil('the stream knows of the break', () => states.at(-1) === 'waiting');
    await owned.remove(owner, kept);
    line.down = false;
    stream.tryNow();
    await waitUntil('the removal', () => heard.some((event) => event.type === 'removed' && event.ids.includes(kept)));
    expect(missed).toBe(0);
  } finally {
    stream.close();
  }
});
