import { type CSSProperties, memo, type ReactNode, useLayoutEffect, useRef, useState } from 'react';
import { percentOf } from '../../../shared/words/measures.ts';
import { say } from '../../words/say.ts';
import { spokenSummary } from '../../words/summary-words.ts';
import { useAppState, useRow } from '../store/app-store.ts';

/** The least width of a piece and the gap after it, in CSS pixels. Pieces that do not fit are drawn as one. */
const leastPiece = 6;

/** All conversions as one bar. The width of a piece shows the length of its sound. */
export function Strip({ onPick }: { readonly onPick: (id: string) => void }): ReactNode {
  const order = useAppState((state) => state.order);
  const summary = useAppState((state) => state.summary);
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(Number.POSITIVE_INFINITY);

  useLayoutEffect(() => {
    if (element.current === null) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);

  return (
    <div
      ref={element}
      className="strip"
      role="progressbar"
      aria-label={say('listAllConversions')}
      aria-valuenow={percentOf(summary.fraction)}
      aria-valuetext={spokenSummary(summary)}
    >
      {order.length * leastPiece > width ? (
        <i style={{ '--w': 1, '--p': summary.fraction } as CSSProperties} />
      ) : (
        order.map((id) => <StripPiece key={id} id={id} onPick={onPick} />)
      )}
    </div>
  );
}

interface StripPieceProps {
  readonly id: string;
  readonly onPick: (id: string) => void;
}

const StripPiece = memo(function StripPiece({ id, onPick }: StripPieceProps): ReactNode {
  const row = useRow(id);
  // Cancelled rows take no more time.
  if (row === undefined || row.state.kind === 'cancelled') return null;
  const pick = (): void => onPick(id);
  if (row.state.kind === 'failed') return <i className="failed" onClick={pick} />;
  const ended = row.state.kind === 'done' || row.state.kind === 'unsaved';
  const style = { '--w': Math.max(row.weight, 1e-6), '--p': ended ? 1 : (row.fraction ?? 0) } as CSSProperties;
  return <i style={style} onClick={pick} />;
});
