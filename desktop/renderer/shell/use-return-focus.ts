import { useLayoutEffect, useRef } from 'react';

/** Returns the focus to where it was before something opened over the page, once that is closed and the focus lost. */
export function useReturnFocus(open: boolean): void {
  const opener = useRef<Element | null>(null);
  const before = useRef(document.activeElement);

  useLayoutEffect(() => {
    const remember = (event: Event): void => {
      if (!open) before.current = event.target as Element;
    };
    document.addEventListener('focusin', remember);
    return () => document.removeEventListener('focusin', remember);
  }, [open]);

  useLayoutEffect(() => {
    if (!open) return undefined;
    opener.current = before.current;
    return () => {
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (lost && opener.current instanceof HTMLElement && opener.current.isConnected) opener.current.focus();
    };
  }, [open]);
}
