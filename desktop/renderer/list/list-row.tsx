import { type CSSProperties, memo, type ReactNode, useLayoutEffect, useRef } from 'react';
import { clockWords, leftWords, percentOf, percentWords, sizeWords } from '../../../shared/words/measures.ts';
import type { Row } from '../../ipc.ts';
import { type RowWords, rowWords } from '../../words/row-words.ts';
import { say } from '../../words/say.ts';
import { Icon } from '../shell/icon.tsx';
import { PlayButton } from '../sound/play-button.tsx';
import { useHeard, usePlayer } from '../sound/player.ts';
import type { PlayerState } from '../sound/player-state.ts';
import { Waveform } from '../sound/waveform.tsx';
import { useRow, useSoundlift } from '../store/app-store.ts';
import { FileName } from './file-name.tsx';
import { RowActs, WayOut } from './row-buttons.tsx';
import { hasSound, type RowLook, rowLook } from './row-look.ts';

export interface ListRowProps {
  readonly id: string;
  /** Index in the list, from 0. */
  readonly index: number;
  /** Distance from the top of the list, in CSS pixels. */
  readonly top: number;
  /** Whether it is the row that Tab enters. */
  readonly active: boolean;
  /** Whether it was just added to the list. */
  readonly entering: boolean;
  readonly measure: (row: HTMLDivElement | null) => void;
  /** Called after each drawing, because the focus may have been lost with a removed button. */
  readonly onDrawn: (id: string, row: HTMLDivElement) => void;
}

export const ListRow = memo(function ListRow(props: ListRowProps): ReactNode {
  const { id, index, top, active, entering, measure, onDrawn } = props;
  const row = useRow(id);
  const heard = useHeard(id);
  const soundlift = useSoundlift();
  const element = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    if (element.current !== null) onDrawn(id, element.current);
  });

  if (row === undefined) return null;
  const words = rowWords(row);
  const look = rowLook(row.state);
  const playable = hasSound(row.state);
  return (
    <div
      ref={(drawn) => {
        element.current = drawn;
        measure(drawn);
      }}
      className={entering ? 'row entering' : 'row'}
      role="row"
      aria-rowindex={index + 1}
      aria-label={spokenRow(words, look, heard)}
      tabIndex={active ? 0 : -1}
      data-id={id}
      data-index={index}
      data-state={heard === undefined ? look.look : 'playing'}
      style={{ translate: `0 ${top}px` }}
      draggable={playable}
      onDragStart={(event) => {
        // The system drags the file, not the browser.
        event.preventDefault();
        void soundlift.dragOut(id);
      }}
    >
      {playable ? (
        <PlayButton id={id} name={words.title} />
      ) : (
        <span className="lead" role="gridcell">
          <Icon name={look.icon} />
        </span>
      )}
      <div className="what" role="gridcell">
        <FileName name={words.title} />
        <span className="detail" title={words.detail}>
          {words.detail}
        </span>
      </div>
      <Middle row={row} words={words} look={look} heard={heard} />
      <RowActs row={row} words={words} />
    </div>
  );
});

function spokenRow({ title, detail }: RowWords, look: RowLook, heard: PlayerState | undefined): string {
  const state = say(heard?.playing === true ? 'listStatePlaying' : look.spoken);
  return state === detail
    ? say('listRowSpokenShort', { name: title, detail })
    : say('listRowSpoken', { name: title, state, detail });
}

interface MiddleProps {
  readonly row: Row;
  readonly words: RowWords;
  readonly look: RowLook;
  readonly heard: PlayerState | undefined;
}

/** What is between the name and the row's small buttons. */
function Middle({ row, words, look, heard }: MiddleProps): ReactNode {
  const player = usePlayer();
  if (hasSound(row.state)) {
    const durationSeconds = row.durationSeconds ?? heard?.durationSeconds;
    return (
      <>
        <span className="cell" role="gridcell">
          <Waveform
            id={row.id}
            name={words.title}
            durationSeconds={durationSeconds}
            positionSeconds={heard?.positionSeconds}
            fresh={row.fresh}
            onSeek={player.seek}
          />
        </span>
        <div className="nums" role="gridcell">
          {heard === undefined ? <DoneNumbers row={row} /> : <HeardNumbers heard={heard} duration={durationSeconds} />}
        </div>
      </>
    );
  }
  if (look.line === 'none') return <WayOut id={row.id} words={words} />;
  return (
    <>
      <span className="cell" role="gridcell">
        <ProgressLine row={row} name={words.title} line={look.line} />
      </span>
      <div className="nums" role="gridcell">
        <ProgressNumbers row={row} />
      </div>
    </>
  );
}

function DoneNumbers({ row }: { readonly row: Row }): ReactNode {
  return (
    <>
      {row.durationSeconds !== undefined && <b>{clockWords(row.durationSeconds)}</b>}
      {row.resultBytes !== undefined && <span>{sizeWords(row.resultBytes)}</span>}
    </>
  );
}

function HeardNumbers({
  heard,
  duration,
}: {
  readonly heard: PlayerState;
  readonly duration: number | undefined;
}): ReactNode {
  return (
    <>
      <b>{clockWords(heard.positionSeconds)}</b>
      {duration !== undefined && <span>{say('listOfDuration', { time: clockWords(duration) })}</span>}
    </>
  );
}

function ProgressLine({
  row,
  name,
  line,
}: {
  readonly row: Row;
  readonly name: string;
  readonly line: 'moving' | 'held' | 'unknown';
}): ReactNode {
  const label = say('listProgressOf', { name });
  if (line === 'unknown') return <span className="line unknown" role="progressbar" aria-label={label} />;
  const fraction = row.fraction ?? 0;
  return (
    <span
      className={line === 'held' ? 'line held' : 'line'}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percentOf(fraction)}
      style={{ '--p': fraction } as CSSProperties}
    />
  );
}

function ProgressNumbers({ row }: { readonly row: Row }): ReactNode {
  if (row.state.kind === 'reading') return null;
  if (row.state.kind === 'waiting' && !row.fraction) {
    return row.durationSeconds === undefined ? null : (
      <span>{say('listLong', { time: clockWords(row.durationSeconds) })}</span>
    );
  }
  return (
    <>
      {row.fraction !== undefined && <b>{percentWords(row.fraction)}</b>}
      {row.leftSeconds !== undefined && <span>{leftWords(row.leftSeconds)}</span>}
    </>
  );
}
