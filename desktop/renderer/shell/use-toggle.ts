import { useRef } from 'react';

/** What a button needs that opens and closes something. */
export interface Toggle {
  readonly onPointerDown: () => void;
  readonly onClick: () => void;
}

/**
 * Opens what is closed and closes what is open. A press beside a popover closes it at once, also one on its own button, whose click
 * would open it again: what counts is how it was when the press began.
 */
export function useToggle(open: boolean, onChange: (open: boolean) => void): Toggle {
  const pressedOpen = useRef<boolean>(undefined);
  return {
    onPointerDown() {
      pressedOpen.current = open;
    },
    onClick() {
      onChange(!(pressedOpen.current ?? open));
      pressedOpen.current = undefined;
    },
  };
}
