import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSmallDisk } from '../../../backend/tests/running/small-disk.ts';
import { type OwnNotice, openNoticeStore } from './notice-store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-notices-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const file = (): string => join(folder, 'notices.sqlite');

function notice(number: number, more: Partial<OwnNotice> = {}): OwnNotice {
  return { id: `${number}`, at: number, isUnread: true, title: `Title ${number}`, names: [], lines: [], ...more };
}

test('notices are still there after a restart, unchanged, newest first', () => {
  const kept = notice(1, { batchId: 'b', names: ['a.mp3'], action: 'show_in_folder', subject: '/music/a.mp3' });
  {
    using store = openNoticeStore(file());
    store.add(kept);
    store.add(notice(2));
    store.markRead(['1', 'nothing-of-the-kind']);
  }
  using again = openNoticeStore(file());
  expect(again.all()).toEqual([notice(2), { ...kept, isUnread: false }]);
});

test('notices for which there is no space are shown until the app ends, and are read like others', async () => {
  await using disk = await openSmallDisk(512 * 1024);
  using store = openNoticeStore(join(disk.here, 'notices.sqlite'));
  store.add(notice(1));
  await disk.fill();
  for (const number of [2, 3, 4]) store.add(notice(number, { names: ['x'.repeat(10_000)] }));
  expect(store.all().map(({ id }) => id)).toEqual(['4', '3', '2', '1']);
  await disk.empty();
  store.markRead(['1', '2', '3', '4']);
  expect(store.all().filter(({ isUnread }) => isUnread)).toEqual([]);
});

test('the oldest of more than a hundred notices are deleted', () => {
  using store = openNoticeStore(file());
  for (let number = 0; number < 105; number += 1) store.add(notice(number));
  const ids = store.all().map(({ id }) => id);
  expect(ids).toHaveLength(100);
  expect([ids.at(0), ids.at(-1)]).toEqual(['104', '5']);
});

const writer = `
  const { openNoticeStore } = await import(process.argv[1]);
  const store = openNoticeStore(process.argv[2]);
  for (let number = 0; number < 90; number = (number + 1) % 90) {
    store.add({ id: String(number), at: number, isUnread: true, title: 'Title', names: [], lines: [] });
    store.markRead([String(number)]);
    console.log(number);
  }`;

test('notices survive a kill of the process', async () => {
  const module = new URL('notice-store.ts', import.meta.url).href;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', writer, module, file()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout } = child;
  if (stdout === null) throw new Error('it has no output');
  let last = -1;
  for await (const line of createInterface({ input: stdout })) {
    last = Math.max(last, Number(line));
    if (last === 40) child.kill('SIGKILL');
    if (last > 80) throw new Error('the kill came too late');
  }
  if (child.signalCode === null && child.exitCode === null) await once(child, 'exit');
  using store = openNoticeStore(file());
  const kept = store.all();
  expect(kept.length).toBeGreaterThan(last);
  expect(kept.filter(({ id }) => Number(id) <= last).every(({ isUnread }) => !isUnread)).toBe(true);
});
