import { randomUUID } from 'node:crypto';
import type { Toast } from '../../ipc.ts';

/** A toast, and what pressing its button does. */
export interface ToldToast {
  readonly text: string;
  readonly action?: { readonly kind: 'undo' | 'show_in_folder' | 'show_in_list'; readonly label: string };
  readonly act?: () => void;
  /** Called once it has gone, pressed or not. */
  readonly onGone?: () => void;
}

export interface Toasts extends Disposable {
  all(): readonly Toast[];
  tell(toast: ToldToast): void;
  /** Presses its button. */
  act(id: string): void;
  dismiss(id: string): void;
}

/** The page sends one away once it was seen for long enough; where there is no page, it goes by itself. */
const longestMilliseconds = 60_000;
/** More than these nobody reads. */
const mostAtOnce = 3;

export function createToasts(onChange: () => void): Toasts {
  let shown: { readonly toast: Toast; readonly told: ToldToast; readonly timer: NodeJS.Timeout }[] = [];

  function dismiss(id: string): void {
    const gone = shown.find(({ toast }) => toast.id === id);
    if (gone === undefined) return;
    clearTimeout(gone.timer);
    shown = shown.filter((one) => one !== gone);
    gone.told.onGone?.();
    onChange();
  }

  return {
    all: () => shown.map(({ toast }) => toast),
    tell(told) {
      const { text, action } = told;
      const toast: Toast = { id: randomUUID(), text, ...(action === undefined ? {} : { action }) };
      const timer = setTimeout(() => dismiss(toast.id), longestMilliseconds);
      shown = [...shown, { toast, told, timer }];
      const [oldest] = shown;
      if (shown.length > mostAtOnce && oldest !== undefined) dismiss(oldest.toast.id);
      else onChange();
    },
    act(id) {
      const one = shown.find(({ toast }) => toast.id === id);
      one?.told.act?.();
      dismiss(id);
    },
    dismiss,
    [Symbol.dispose]() {
      for (const { timer, told } of shown) {
        clearTimeout(timer);
        told.onGone?.();
      }
      shown = [];
    },
  };
}
