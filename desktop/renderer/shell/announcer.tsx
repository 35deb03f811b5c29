import { type ReactNode, useEffect, useState } from 'react';
import { useAppStore } from '../store/app-store.ts';
import { joinMessages } from './join-messages.ts';

/** Messages within this time are read out as one. */
const togetherMilliseconds = 1000;

/** Gives main's announcements to screen readers. */
export function Announcer(): ReactNode {
  const store = useAppStore();
  const [said, setSaid] = useState({ text: '', count: 0 });

  useEffect(() => {
    let waiting: string[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = store.onAnnounce((text) => {
      waiting.push(text);
      timer ??= setTimeout(() => {
        const messages = waiting;
        waiting = [];
        timer = undefined;
        setSaid(({ count }) => ({ text: joinMessages(messages), count: count + 1 }));
      }, togetherMilliseconds);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [store]);

  return (
    <p className="sr" role="status">
      {/* A new element each time, so that the same words are read out again. */}
      <span key={said.count}>{said.text}</span>
    </p>
  );
}
