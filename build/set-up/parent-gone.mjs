const lookAgainMilliseconds = 250;

/**
 * Calls back once when our parent has died; keeps no process alive for it. On Windows it never does.
 * @param {() => void} callback
 */
export function onParentGone(callback) {
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    callback();
  }, lookAgainMilliseconds).unref();
}
