import { useEffect, useState } from 'react';

/** As long as rows come in: `--calm` of the style sheet, and a little for the drawing. */
const enteringMilliseconds = 300;
const none: ReadonlySet<string> = new Set();

/** Those of the ids that were not there before, for as long as they come in; none of those that the list began with. */
export function useEntering(order: readonly string[]): ReadonlySet<string> {
  const [known, setKnown] = useState({ order, entering: none });
  let { entering } = known;
  if (known.order !== order) {
    const before = new Set(known.order);
    const added = order.filter((id) => !before.has(id));
    entering = added.length === 0 ? none : new Set(added);
    setKnown({ order, entering });
  }

  useEffect(() => {
    if (known.entering.size === 0) return undefined;
    const timer = setTimeout(() => setKnown((now) => ({ ...now, entering: none })), enteringMilliseconds);
    return () => clearTimeout(timer);
  }, [known]);

  return entering;
}
