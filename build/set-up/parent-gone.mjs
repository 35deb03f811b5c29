const lookAgainMilliseconds = 250;

/**
 * Calls back once when our parent has died. Does not keep the process alive. Never calls back on Windows.
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
