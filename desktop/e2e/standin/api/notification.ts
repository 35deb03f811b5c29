import { StrictEmitter } from '../strict.ts';

/** Shown nowhere: a test emits `click`, `action` and `close`. */
export class Notification extends StrictEmitter {
  static isSupported() {
    return true;
  }
  title = '';
  subtitle = '';
  body = '';
  silent = false;
  hasReply = false;
  timeoutType: 'default' | 'never' = 'default';
  urgency: 'normal' | 'critical' | 'low' = 'normal';
  actions: readonly object[] = [];
  constructor(options: object = {}) {
    super();
    Object.assign(this, options);
  }
  show() {
    queueMicrotask(() => this.emit('show', {}));
  }
  close() {
    queueMicrotask(() => this.emit('close', {}));
  }
}
