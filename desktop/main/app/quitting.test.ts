import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchQuitting } from './quitting.ts';

function open({ unfinished = 0, answers = [] as boolean[], fails = false }) {
  const told: string[] = [];
  const app = Object.assign(new EventEmitter(), { exit: (code: number) => void told.push(`exit ${code}`) });
  const quitting = watchQuitting({
    app: app as never,
    unfinishedHere: () => unfinished,
    async ask(count) {
      told.push(`asked about ${count}`);
      await turn();
      return answers.shift() ?? false;
    },
    async end() {
      told.push('ended');
      if (fails) throw new Error('broken');
    },
    onDefect: (error) => told.push(`defect: ${String(error)}`),
  });
  async function quit(): Promise<void> {
    app.emit('before-quit', { preventDefault: () => told.push('held') });
    for (let count = 0; count < 5; count += 1) await turn();
  }
  return { told, quit, quitting };
}

test('the app ends its parts before it quits, and asks nothing if nothing is unfinished', async () => {
  const { told, quit, quitting } = open({});
  await quit();
  expect(told).toEqual(['held', 'ended', 'exit 0']);
  expect(quitting.decided).toBe(true);
});

test('the app asks about unfinished videos, and keeps running if the person wants', async () => {
  const { told, quit, quitting } = open({ unfinished: 4, answers: [false, true] });
  await quit();
  expect(told).toEqual(['held', 'asked about 4']);
  expect(quitting.decided).toBe(false);
  await quit();
  expect(told).toEqual(['held', 'asked about 4', 'held', 'asked about 4', 'ended', 'exit 0']);
});

test('a second request to quit has no effect while the question is open or the app is ending', async () => {
  const { told, quit } = open({ unfinished: 1, answers: [true] });
  await Promise.all([quit(), quit()]);
  await quit();
  expect(told.filter((one) => one !== 'held')).toEqual(['asked about 1', 'ended', 'exit 0']);
});

test('the app quits even if ending its parts fails', async () => {
  const { told, quit } = open({ fails: true });
  await quit();
  expect(told).toEqual(['held', 'ended', 'defect: Error: broken', 'exit 0']);
});
