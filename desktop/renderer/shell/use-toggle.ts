import { useRef } from 'react';

/** The handlers of a button that opens and closes something. */
export interface Toggle {
  readonly onPointerDown: () => void;
  readonly onClick: () => void;
}

/**
 * Opens what is closed and closes what is open. A press on the button of an open popover is also a press beside the popover, and closes it;
 * the click after it must not open it again. So the state at the beginning of the press counts.
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
