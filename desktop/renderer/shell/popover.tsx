import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

export interface PopoverProps {
  readonly title: string;
  readonly from: 'bell' | 'status';
  readonly onClose: () => void;
  /** Shown beside the title. */
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

/** A popover of the button that opened it. A press beside it, or Esc, closes it. */
export function Popover({ title, from, onClose, action, children }: PopoverProps): ReactNode {
  const element = useRef<HTMLElement>(null);
  const titleId = useId();
  const close = useRef(onClose);
  useLayoutEffect(() => {
    close.current = onClose;
  });

  useLayoutEffect(() => {
    const popover = element.current;
    if (popover === null) return undefined;
    popover.showPopover();
    const first = popover.querySelector<HTMLElement>('input:checked, button, input, a');
    (first ?? popover).focus();
    const toggled = (event: ToggleEvent): void => {
      if (event.newState === 'closed') close.current();
    };
    popover.addEventListener('toggle', toggled);
    return () => popover.removeEventListener('toggle', toggled);
  }, []);

  return (
    <section
      ref={element}
      popover="auto"
      className={`popover from-${from}`}
      role="dialog"
      tabIndex={-1}
      aria-labelledby={titleId}
    >
      {/* Without `role`, it would be a landmark of the window. */}
      <header role="none">
        <h2 id={titleId}>{title}</h2>
        {action}
      </header>
      {children}
    </section>
  );
}
