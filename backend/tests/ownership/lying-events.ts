import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { openEvents } from '../running/event-client.ts';
import { connectProgram } from '../servers/rabbit-program.ts';
import type { ClusterBackend } from './cluster-backend.ts';
import type { People } from './people.ts';

/** A lie on the exchange of events reaches nobody and stops nothing. Registers vitest's tests. */
export function describeLyingEvents(backend: () => ClusterBackend, people: People): void {
  it('messages on the exchange of events that lie are skipped, and the next true one arrives', async () => {
    const { owner, stranger } = people;
    const { url, servers } = backend();
    const secret = await stranger.upload('video', 'secret.mp4');
    const event = { type: 'conversion', conversion: secret };
    await using client = await openEvents(url, { token: owner.token });
    await client.hello;
    await using program = await connectProgram(servers.environment.RABBITMQ_URL);
    const key = createHash('sha256').update(owner.id).digest('base64url');
    for (const lie of [
      'no JSON',
      '',
      'null',
      '[]',
      { owner: owner.id },
      { owner: { $ne: '' }, event },
      { owner: stranger.id, event },
      { owner: owner.id, event: { ...event, conversion: { ...secret, state: ['done'] } } },
      { owner: owner.id, event: { type: 'read', ids: 'secret.mp4' } },
      { owner: owner.id, event: { type: 'removed', ids: { length: -1 } } },
      { owner: owner.id, message: { type: 'sessions_ended', event } },
      'secret.mp4'.repeat(100_000),
    ]) {
      const body = Buffer.from(typeof lie === 'string' ? lie : JSON.stringify(lie));
      for (const kind of ['event', 'internal', 'secret.mp4']) {
        program.channel.publish('soundlift.events', `${kind}.${key.slice(0, 1)}.${key}.conversion`, body);
      }
    }
    await program.channel.close();
    const { id } = await owner.upload('video');
    await client.until('the owner is told of the upload', (frames) =>
      frames.some((frame) => frame.type === 'conversion' && frame.conversion.id === id),
    );
    expect(JSON.stringify(client.frames)).not.toContain('secret.mp4');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });
}
