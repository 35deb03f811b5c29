import { type ReactNode, useCallback, useState } from 'react';
import { say } from '../../words/say.ts';
import { useAppState } from '../store/app-store.ts';
import { EmptyPage } from './empty-page.tsx';
import { RowList } from './row-list.tsx';
import { Strip } from './strip.tsx';
import { SummaryLine } from './summary-line.tsx';
import type { WantedRow } from './use-row-focus.ts';

/** The page with the list. `wanted` is a row to show. */
export function NowPage({ wanted }: { readonly wanted: WantedRow | undefined }): ReactNode {
  const empty = useAppState((state) => state.order.length === 0);
  return empty ? <EmptyPage /> : <FilledPage wanted={wanted} />;
}

function FilledPage({ wanted }: { readonly wanted: WantedRow | undefined }): ReactNode {
  // State, not a ref, so that the list is drawn again once the element exists.
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const [picked, setPicked] = useState<WantedRow>();
  const [lastWanted, setLastWanted] = useState(wanted);
  // The latest of both counts: the window's or that of a click.
  if (lastWanted !== wanted) {
    setLastWanted(wanted);
    setPicked(wanted);
  }
  const pick = useCallback((id: string) => setPicked({ id }), []);
  return (
    <main className="content" ref={setScroller}>
      <SummaryLine onPick={pick} />
      <Strip onPick={pick} />
      <RowList scroller={scroller} wanted={picked ?? wanted} />
      <p className="end-of-list">{say('listEnd')}</p>
    </main>
  );
}
