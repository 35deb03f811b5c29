import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { durationWords, sizeWords } from '../../../shared/words/measures.ts';
import type { HistoryItem } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { dayHeading } from '../../words/time-words.ts';
import { ClearHistorySheet } from '../sheets/clear-history-sheet.tsx';
import { Icon } from '../shell/icon.tsx';
import { HistoryRow } from './history-row.tsx';
import { useHistory } from './use-history.ts';
import { useHistoryKeys } from './use-history-keys.ts';

/** The history. Each new number in `finds` moves the focus to the search field. */
export function HistoryPage({ finds }: { readonly finds: number }): ReactNode {
  const [search, setSearch] = useState('');
  const [clears, setClears] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const history = useHistory(search);
  const { total, found, totalSeconds, totalBytes } = history.facts;

  useEffect(() => {
    if (finds > 0) field.current?.focus();
  }, [finds]);

  return (
    <main className="content" ref={setScroller}>
      <header className="summary">
        <h1>{say('historyCount', { count: total })}</h1>
        {total > 0 && (
          <p>{say('historyAmount', { length: durationWords(totalSeconds), size: sizeWords(totalBytes) })}</p>
        )}
        <label className="find">
          <Icon name="search" />
          <span className="sr">{say('historySearch')}</span>
          <input
            ref={field}
            type="search"
            placeholder={say('historySearchShort')}
            value={search}
            onChange={({ target }) => setSearch(target.value)}
          />
        </label>
        {total > 0 && (
          <div className="push">
            <button type="button" className="btn plain" aria-haspopup="dialog" onClick={() => setClears(true)}>
              {say('historyClear')}
            </button>
          </div>
        )}
      </header>
      {found > 0 && <HistoryList items={history.items} found={found} scroller={scroller} more={history.more} />}
      {history.isKnown && found === 0 && <Nothing search={search} total={total} onShowAll={() => setSearch('')} />}
      {clears && <ClearHistorySheet total={total} onClose={() => setClears(false)} />}
    </main>
  );
}

interface NothingProps {
  readonly search: string;
  readonly total: number;
  readonly onShowAll: () => void;
}

function Nothing({ search, total, onShowAll }: NothingProps): ReactNode {
  const isSearch = search.trim() !== '' && total > 0;
  return (
    <div className="middle">
      <h1>{isSearch ? say('historyNothingTitle', { search: search.trim() }) : say('historyEmptyTitle')}</h1>
      <p>{say(isSearch ? 'historyNothingDetail' : 'historyEmptyDetail')}</p>
      {isSearch && (
        <button type="button" className="btn" onClick={onShowAll}>
          {say('historyShowAll', { total })}
        </button>
      )}
    </div>
  );
}

interface HistoryListProps {
  readonly items: readonly HistoryItem[];
  readonly found: number;
  readonly scroller: HTMLElement | null;
  readonly more: () => void;
}

/** Only the rows in view are drawn. The first row of a day has the heading of the day. */
function HistoryList({ items, found, scroller, more }: HistoryListProps): ReactNode {
  const list = useRef<HTMLDivElement>(null);
  const keys = useHistoryKeys(items, list);
  const now = Date.now();
  const headings = headingsOf(items, now);
  const virtualizer = useVirtualizer<HTMLElement, HTMLDivElement>({
    count: items.length,
    getScrollElement: () => scroller,
    estimateSize: (index) => (headings[index] === undefined ? 58 : 98),
    getItemKey: (index) => items[index]?.id ?? index,
    overscan: 6,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  const drawn = virtualizer.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= items.length - 10) more();
  }, [last, items.length, more]);

  return (
    <div
      ref={list}
      className="rows"
      role="grid"
      aria-label={say('historyList')}
      aria-rowcount={found}
      style={{ blockSize: virtualizer.getTotalSize() }}
      {...keys.handlers}
    >
      {drawn.map(({ index, start }) => {
        const item = items[index];
        if (item === undefined) return null;
        const heading = headings[index];
        return (
          <div
            key={item.id}
            ref={virtualizer.measureElement}
            data-index={index}
            className="placed"
            role="rowgroup"
            {...(heading === undefined ? {} : { 'aria-label': heading })}
            style={{ translate: `0 ${start - virtualizer.options.scrollMargin}px` }}
          >
            {heading !== undefined && (
              <h2 className="day" aria-hidden="true">
                {heading}
              </h2>
            )}
            <HistoryRow item={item} index={index} active={keys.activeId === item.id} />
          </div>
        );
      })}
    </div>
  );
}

/** For each item, the heading of its day if it is the first of that day. */
function headingsOf(items: readonly HistoryItem[], now: number): readonly (string | undefined)[] {
  let last: string | undefined;
  return items.map(({ savedAt }) => {
    const heading = dayHeading(savedAt, now);
    const isNew = heading !== last;
    last = heading;
    return isNew ? heading : undefined;
  });
}
