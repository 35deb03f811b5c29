import { useEffect, useState } from 'react';

/** The duration of the animation of new rows: `--calm` of the style sheet, and a little for the drawing. */
const enteringMilliseconds = 300;
const none: ReadonlySet<string> = new Set();

/** The ids of new rows, while they are animated. The rows that the list began with are not new. */
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
