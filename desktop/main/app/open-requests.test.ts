import { EventEmitter } from 'node:events';
import { resolve } from 'node:path';
import type { App } from 'electron';
import { describe, expect, it } from 'vitest';
import type { Incoming } from './command-line.ts';
import { openRequests } from './open-requests.ts';

const folder = resolve('/videos');
const batchId = 'b1';

/** An app that was started with `words`, and functions that emit its events as Electron does. */
function start(...words: readonly string[]) {
  const app = new EventEmitter();
  let prevented = 0;
  const event = { preventDefault: () => void (prevented += 1) };
  const stream = openRequests({ app: app as unknown as Pick<App, 'on'>, argv: ['soundlift', ...words], folder });
  return {
    stream,
    prevented: () => prevented,
    secondStart: (...more: readonly string[]) =>
      void app.emit('second-instance', event, ['soundlift', ...more], folder),
    openFile: (path: string) => void app.emit('open-file', event, path),
    openUrl: (url: string) => void app.emit('open-url', event, url),
  };
}

describe('files and links from outside the window', () => {
  it('are kept until somebody follows, and then delivered in order, those of this start first', () => {
    const { stream, openFile, secondStart } = start('a.mp4');
    openFile(resolve('/elsewhere/b.mp4'));
    const heard: Incoming[] = [];
    stream.follow((incoming) => void heard.push(incoming));
    secondStart('c.mp4');
    expect(heard.flatMap(({ paths }) => paths)).toEqual([
      resolve(folder, 'a.mp4'),
      resolve('/elsewhere/b.mp4'),
      resolve(folder, 'c.mp4'),
    ]);
  });

  it('are delivered once', () => {
    const { stream } = start('a.mp4');
    const heard: Incoming[] = [];
    stream.follow((incoming) => void heard.push(incoming));
    stream.follow((incoming) => void heard.push(incoming));
    expect(heard).toHaveLength(1);
  });

  it('do not show the window at login, but do at a second start', () => {
    const { stream, secondStart } = start('--hidden');
    const heard: boolean[] = [];
    stream.follow(({ isHidden }) => void heard.push(isHidden));
    secondStart('--hidden');
    expect(heard).toEqual([true, false]);
  });

  it('are ignored if they are other links, and Electron itself never opens them', () => {
    const { stream, openUrl, openFile, prevented } = start();
    const heard: Incoming[] = [];
    stream.follow((incoming) => void heard.push(incoming));
    heard.length = 0;
    openUrl(`soundlift://b/${batchId}`);
    openUrl('soundlift://b/../../etc/passwd');
    openUrl('file:///etc/passwd');
    openFile(resolve('/a.mp4'));
    expect(heard.map(({ links, paths }) => [links, paths])).toEqual([
      [[{ batchId }], []],
      [[], [resolve('/a.mp4')]],
    ]);
    expect(prevented()).toBe(4);
  });
});
