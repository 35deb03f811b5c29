import { useEffect, useState } from 'react';

export interface Countdown {
  /** The whole seconds left; 0 once it is over. */
  readonly seconds: number;
  readonly start: (seconds: number) => void;
}

/** Counts down by the clock, so that time asleep counts too. */
export function useCountdown(): Countdown {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(Date.now);
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  const isOver = seconds === 0;
  useEffect(() => {
    if (isOver) return undefined;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isOver]);
  return {
    seconds,
    start(length) {
      setNow(Date.now());
      setUntil(Date.now() + length * 1000);
    },
  };
}
