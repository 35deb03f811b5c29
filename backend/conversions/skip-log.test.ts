import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { SkippedItem } from '../ports/skipped-item.ts';
import { createSkipLog } from './skip-log.ts';

it('logs and counts an item once an hour, however often it is skipped', () => {
  let seconds = 0;
  const lines: string[] = [];
  const counted: SkippedItem[] = [];
  const skipped = createSkipLog({
    clock: { monotonicSeconds: () => seconds },
    log: pino({}, { write: (line) => void lines.push(line) }),
    onSkipped: (item) => counted.push(item),
  });
  const item = (kind: SkippedItem['kind'], id: string): SkippedItem => ({ kind, id, what: 'could not', cause: 'why' });
  for (; seconds < 3600; seconds += 5) skipped(item('blob', 'one'));
  skipped(item('blob', 'other'));
  skipped(item('mail', 'one'));
  expect(counted.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['blob one', 'blob other', 'mail one']);
  skipped(item('blob', 'one'));
  expect(counted).toHaveLength(4);
  expect(lines).toHaveLength(4);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ blob: 'one', err: 'why' });
});
