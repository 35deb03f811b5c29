import { it } from 'vitest';
import { eventsIn, type ServerEvent } from '../../shared/events.ts';
import { localAccountId } from '../messages.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { makeTestConversions } from '../tests/test-conversions.ts';
import { createLocalChannel } from './local-channel.ts';

it('a program hears of all that happened during a gap, however much it has heard before', {
  timeout: 60_000,
}, async () => {
  await using test = await makeTestConversions();
  const { owned } = test.conversions;
  const channel = createLocalChannel(test.conversions);
  const intake = { fileName: 'a.mp4', path: '/a.mp4', bytes: 1, options: { format: 'mp3' } } as const;
  const submit = async (): Promise<string> => (await owned.submitFile(localAccountId, intake)).id;
  const heard: ServerEvent[] = [];
  const unsubscribe = channel.subscribe((event) => void heard.push(event));
  const last = (id: string): string | undefined =>
    heard
      .flatMap(eventsIn)
      .flatMap((event) => {
        if (event.type === 'removed' && event.ids.includes(id)) return ['removed'];
        return event.type === 'conversion' && event.conversion.id === id ? [event.conversion.state] : [];
      })
      .at(-1);
  const [removed, cancelled] = [await submit(), await submit()];
  for (let count = 0; count < 510; count++) {
    const id = await submit();
    await owned.cancel(localAccountId, id);
    await owned.remove(localAccountId, id);
  }
  test.line.cut();
  await owned.cancel(localAccountId, cancelled);
  await owned.remove(localAccountId, removed);
  const made = await submit();
  await test.line.mend();
  await waitUntil(
    'all of it is heard',
    () => [removed, cancelled, made].map(last).join() === 'removed,cancelled,queued',
  );
  unsubscribe();
});
