import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import type { System } from '../../ipc.ts';
import { type NotificationClass, systemNotifier } from './system-notifications.ts';

function recorded(isSupported = true) {
  const shown: (EventEmitter & { readonly options: object })[] = [];
  class Recorded extends EventEmitter {
    static isSupported(): boolean {
      return isSupported;
    }
    readonly options: object;
    constructor(options: object) {
      super();
      this.options = options;
    }
    show(): void {
      shown.push(this);
    }
  }
  return { Notification: Recorded as unknown as NotificationClass, shown };
}

it.each<[System, object]>([
  ['macos', { actions: [{ type: 'button', text: 'Show in folder' }] }],
  ['windows', { actions: [{ type: 'button', text: 'Show in folder' }] }],
  ['linux', {}],
])('%s gets what it can show, and a click does the same as the button', (system, more) => {
  const { Notification, shown } = recorded();
  let clicks = 0;
  const notify = systemNotifier(Notification, system);
  notify({ title: 't', body: 'b', silent: true, action: 'Show in folder', onClick: () => void (clicks += 1) });
  expect(shown[0]?.options).toEqual({ title: 't', body: 'b', silent: true, ...more });
  shown[0]?.emit('click');
  shown[0]?.emit('action');
  shown[0]?.emit('close');
  expect(clicks).toBe(2);
});

it('a system without notifications shows none', () => {
  const { Notification, shown } = recorded(false);
  systemNotifier(Notification, 'linux')({ title: '', body: '', silent: true, action: '', onClick: () => undefined });
  expect(shown).toEqual([]);
});

it.each<[System, string]>([
  ['macos', 'R&B <img src="https://example.org">.mp4'],
  ['windows', 'R&B <img src="https://example.org">.mp4'],
  ['linux', 'R&amp;B &lt;img src="https://example.org"&gt;.mp4'],
])('%s shows a name that contains markup unchanged', (system, body) => {
  const { Notification, shown } = recorded();
  const notify = systemNotifier(Notification, system);
  const name = 'R&B <img src="https://example.org">.mp4';
  notify({ title: 't', body: name, silent: true, action: '', onClick: () => undefined });
  expect(shown[0]?.options).toMatchObject({ body });
});
