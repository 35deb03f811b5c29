import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

export interface SheetProps {
  readonly title: string;
  readonly onClose: () => void;
  /** Whether it asks before something is deleted permanently. */
  readonly alert?: boolean;
  /** The explanation below the title. */
  readonly reason?: string;
  readonly children: ReactNode;
}

/** A small window over the page. The element with `autofocus` gets the focus; Esc closes it. */
export function Sheet({ title, onClose, alert = false, reason, children }: SheetProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const reasonId = useId();

  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className="sheet"
      {...(alert ? { role: 'alertdialog' } : {})}
      aria-labelledby={titleId}
      {...(reason === undefined ? {} : { 'aria-describedby': reasonId })}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        // The page below must not get these keys.
        event.stopPropagation();
        if (event.key === 'Escape') onClose();
      }}
    >
      <h2 id={titleId}>{title}</h2>
      {reason !== undefined && (
        <p className="quiet" id={reasonId}>
          {reason}
        </p>
      )}
      {children}
    </dialog>
  );
}
