import { useEffect, useRef } from 'react';
import { windowKey } from '../list/list-keys.ts';
import { useAppStore } from '../store/app-store.ts';
import type { ShowView } from './show-view.ts';

/**
 * The keys that work wherever the focus is. They are in the application menu too, which handles those that are not handled here.
 * @param close the action of Escape; returns whether it did anything
 */
export function useWindowKeys(show: ShowView, close: () => boolean): void {
  const store = useAppStore();
  const parts = useRef({ show, close });
  useEffect(() => {
    parts.current = { show, close };
  });

  useEffect(() => {
    const { api } = store;
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      const { system, summary } = store.get();
      const key = windowKey(event, system, isField(event.target));
      if (key === undefined) return;
      if (key === 'close') {
        if (parts.current.close()) event.preventDefault();
        return;
      }
      event.preventDefault();
      if (key === 'choose_videos') void api.chooseVideos();
      else if (key === 'undo') void api.undo();
      else if (key === 'paste') void api.paste();
      else if (key === 'pause_or_continue') void (summary.mode === 'paused' ? api.continueAll() : api.pauseAll());
      else parts.current.show({ kind: key });
    };
    // From the menu, without a key press.
    const paste = (event: ClipboardEvent): void => {
      if (!isField(event.target)) void api.paste();
    };
    document.addEventListener('keydown', press);
    document.addEventListener('paste', paste);
    return () => {
      document.removeEventListener('keydown', press);
      document.removeEventListener('paste', paste);
    };
  }, [store]);
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement
    ? !['checkbox', 'radio', 'range', 'button'].includes(target.type)
    : target instanceof HTMLTextAreaElement;
}
