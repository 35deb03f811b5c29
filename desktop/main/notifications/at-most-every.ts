/** Runs work at most once per interval. */
export interface AtMostEvery<What> extends Disposable {
  /** Runs now or at the end of the interval. Of several calls in one interval, only the last is run. */
  run(what: What): void;
}

export function atMostEvery<What>(milliseconds: number, act: (what: What) => void): AtMostEvery<What> {
  let waiting: { readonly what: What } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function go(what: What): void {
    timer = setTimeout(() => {
      timer = undefined;
      const next = waiting;
      waiting = undefined;
      if (next !== undefined) go(next.what);
    }, milliseconds);
    act(what);
  }

  return {
    run(what) {
      if (timer === undefined) go(what);
      else waiting = { what };
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      waiting = undefined;
    },
  };
}
