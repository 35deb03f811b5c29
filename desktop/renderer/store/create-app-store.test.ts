import { describe, expect, it } from 'vitest';
import type { AppChange, SoundliftApi, View } from '../../ipc.ts';
import { firstState as state } from '../../tests/app-state.ts';
import { createAppStore } from './create-app-store.ts';

const toast = (id: string): AppChange => ({ type: 'toasts', toasts: [{ id, text: id }] });

async function openStore(beforeAnswer: readonly AppChange[] = []) {
  const listeners = new Set<(changes: readonly AppChange[]) => void>();
  const frames: (() => void)[] = [];
  const tell = (...changes: AppChange[]): void => {
    for (const listener of listeners) listener(changes);
  };
  const api = {
    onChanges(listener: (changes: readonly AppChange[]) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async state() {
      tell(...beforeAnswer);
      return await Promise.resolve(state);
    },
  } as unknown as SoundliftApi;
  const store = await createAppStore(api, (call) => frames.push(call));
  return { store, tell, frames, drawFrame: () => frames.splice(0).forEach((call) => call()), listeners };
}

describe('the store', () => {
  it('notifies once per frame of all changes', async () => {
    const { store, tell, frames, drawFrame } = await openStore();
    let told = 0;
    store.subscribe(() => {
      told += 1;
    });
    tell(toast('a'));
    tell(toast('b'));
    expect(told).toBe(0);
    expect(frames).toHaveLength(1);
    drawFrame();
    expect(told).toBe(1);
    expect(store.get().toasts[0]?.id).toBe('b');
    tell(toast('c'));
    drawFrame();
    expect(told).toBe(2);
  });

  it('notifies nobody while no frame is drawn, and keeps the latest state', async () => {
    const { store, tell, frames } = await openStore();
    for (let count = 0; count < 100; count += 1) tell(toast(String(count)));
    expect(frames).toHaveLength(1);
    expect(store.get().toasts[0]?.id).toBe('99');
  });

  it('loses no change that arrives before the answer', async () => {
    const { store } = await openStore([toast('early')]);
    expect(store.get().toasts[0]?.id).toBe('early');
  });

  it('shows once a view that was requested while the window was opening', async () => {
    const { store } = await openStore([{ type: 'show', view: { kind: 'history' } }]);
    const shown: View[] = [];
    store.onShow((view) => shown.push(view));
    store.onShow((view) => shown.push(view));
    expect(shown).toEqual([{ kind: 'history' }]);
  });

  it('announces and shows at once, without waiting for a frame', async () => {
    const { store, tell, frames } = await openStore();
    const heard: unknown[] = [];
    const end = store.onAnnounce((text) => heard.push(text));
    store.onShow((view) => heard.push(view.kind));
    tell({ type: 'announce', text: 'Connected' }, { type: 'show', view: { kind: 'now' } });
    expect(heard).toEqual(['Connected', 'now']);
    expect(frames).toHaveLength(0);
    end();
    tell({ type: 'announce', text: 'No connection' });
    expect(heard).toHaveLength(2);
  });

  it('stops listening once it is closed', async () => {
    const { store, listeners } = await openStore();
    store.close();
    expect(listeners.size).toBe(0);
  });
});
