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

test('the app ends in order before it goes, and asks nothing when nothing is unfinished', async () => {
  const { told, quit, quitting } = open({});
  await quit();
  expect(told).toEqual(['held', 'ended', 'exit 0']);
  expect(quitting.decided).toBe(true);
});

test('unfinished work is asked about, and whoever wants to keep it running does', async () => {
  const { told, quit, quitting } = open({ unfinished: 4, answers: [false, true] });
  await quit();
  expect(told).toEqual(['held', 'asked about 4']);
  expect(quitting.decided).toBe(false);
  await quit();
  expect(told).toEqual(['held', 'asked about 4', 'held', 'asked about 4', 'ended', 'exit 0']);
});

test('a second wish to quit while the question is open, or while all ends, changes nothing', async () => {
  const { told, quit } = open({ unfinished: 1, answers: [true] });
  await Promise.all([quit(), quit()]);
  await quit();
  expect(told.filter((one) => one !== 'held')).toEqual(['asked about 1', 'ended', 'exit 0']);
});

test('the app goes even when its end fails', async () => {
  const { told, quit } = open({ fails: true });
  await quit();
  expect(told).toEqual(['held', 'ended', 'defect: Error: broken', 'exit 0']);
});
