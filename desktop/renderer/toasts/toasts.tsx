import { type ReactNode, useEffect, useState } from 'react';
import type { Toast } from '../../ipc.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';

/** How long a toast stays, unless the pointer or the focus is on it. */
const shownMilliseconds = 8000;

/** Short messages about what has just happened; some can be undone. */
export function Toasts(): ReactNode {
  const toasts = useAppState((state) => state.toasts);
  if (toasts.length === 0) return null;
  return (
    <div className="toasts">
      {toasts.map((toast) => (
        <OneToast key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function OneToast({ toast }: { readonly toast: Toast }): ReactNode {
  const soundlift = useSoundlift();
  const [isLookedAt, setLookedAt] = useState(false);
  const { id, text, action } = toast;

  useEffect(() => {
    if (isLookedAt) return undefined;
    const timer = setTimeout(() => void soundlift.dismissToast(id), shownMilliseconds);
    return () => clearTimeout(timer);
  }, [soundlift, id, isLookedAt]);

  return (
    <div
      className="toast"
      role="status"
      onPointerEnter={() => setLookedAt(true)}
      onPointerLeave={() => setLookedAt(false)}
      onFocus={() => setLookedAt(true)}
      onBlur={() => setLookedAt(false)}
    >
      <span>{text}</span>
      {action !== undefined && (
        <button type="button" className="btn plain" onClick={() => void soundlift.toastAction(id)}>
          {action.label}
        </button>
      )}
    </div>
  );
}
