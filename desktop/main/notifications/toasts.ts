import { randomUUID } from 'node:crypto';
import type { Toast } from '../../ipc.ts';

/** A toast, and what happens when its button is pressed and when it disappears. */
export interface ToastWithActions {
  readonly text: string;
  readonly action?: { readonly kind: 'undo' | 'show_in_folder' | 'show_in_list'; readonly label: string };
  readonly act?: () => void;
  /** Called once it has disappeared, pressed or not. */
  readonly onGone?: () => void;
}

export interface Toasts extends Disposable {
  all(): readonly Toast[];
  show(toast: ToastWithActions): void;
  /** Presses its button. */
  act(id: string): void;
  dismiss(id: string): void;
}

/** The page dismisses a toast after some seconds. Without a page, it disappears after this time. */
const longestMilliseconds = 60_000;
/** The oldest disappears if there are more. */
const mostAtOnce = 3;

export function createToasts(onChange: () => void): Toasts {
  let shown: { readonly toast: Toast; readonly whole: ToastWithActions; readonly timer: NodeJS.Timeout }[] = [];

  function dismiss(id: string): void {
    const gone = shown.find(({ toast }) => toast.id === id);
    if (gone === undefined) return;
    clearTimeout(gone.timer);
    shown = shown.filter((one) => one !== gone);
    gone.whole.onGone?.();
    onChange();
  }

  return {
    all: () => shown.map(({ toast }) => toast),
    show(whole) {
      const { text, action } = whole;
      const toast: Toast = { id: randomUUID(), text, ...(action === undefined ? {} : { action }) };
      const timer = setTimeout(() => dismiss(toast.id), longestMilliseconds);
      shown = [...shown, { toast, whole, timer }];
      const [oldest] = shown;
      if (shown.length > mostAtOnce && oldest !== undefined) dismiss(oldest.toast.id);
      else onChange();
    },
    act(id) {
      const one = shown.find(({ toast }) => toast.id === id);
      one?.whole.act?.();
      dismiss(id);
    },
    dismiss,
    [Symbol.dispose]() {
      for (const { timer, whole } of shown) {
        clearTimeout(timer);
        whole.onGone?.();
      }
      shown = [];
    },
  };
}
