// Loaded before every script that set-up starts. One Ctrl-C reaches a script under npm up to three times within a few
// milliseconds: from the terminal, from npm, and from set-up where that still runs. To a script a second SIGINT means
// "at once, then", so what comes within the same moment is taken as one.
import { isMainThread } from 'node:worker_threads';

const momentMilliseconds = 500;
/** @type {ReadonlySet<string | symbol>} */
const signals = new Set(['SIGINT', 'SIGTERM', 'SIGHUP']);

if (isMainThread) {
  /** @type {Map<string | symbol, number>} */
  const heard = new Map();
  const emit = process.emit.bind(process);
  const kill = process.kill.bind(process);
  const ignore = () => {};

  /**
   * @param {string | symbol} event
   * @param {...unknown} details
   * @returns {boolean}
   */
  const emitOnce = (event, ...details) => {
    if (!signals.has(event)) return Reflect.apply(emit, process, [event, ...details]);
    const now = performance.now();
    if (now - (heard.get(event) ?? Number.NEGATIVE_INFINITY) < momentMilliseconds) return true;
    heard.set(event, now);
    // With its last listener (a `once`) gone, the repetition would meet the default: sudden death.
    process.on(event, ignore);
    setTimeout(() => process.off(event, ignore), momentMilliseconds).unref();
    return Reflect.apply(emit, process, [event, ...details]);
  };

  process.emit = /** @type {typeof process.emit} */ (emitOnce);
  process.kill = (pid, signal) => {
    // A signal that the script sends to itself, to end by it, is no repetition.
    if (pid === process.pid && typeof signal === 'string') {
      heard.delete(signal);
      process.off(signal, ignore);
    }
    return kill(pid, signal);
  };
}
