import type { ReactNode } from 'react';
import { clockWords, isolate, sizeWords } from '../../../shared/words/measures.ts';
import type { HistoryItem } from '../../ipc.ts';
import { folderText } from '../../words/folder-text.ts';
import { say } from '../../words/say.ts';
import { FileName } from '../list/file-name.tsx';
import { Icon } from '../shell/icon.tsx';
import { PlayButton } from '../sound/play-button.tsx';
import { useHeard, usePlayer } from '../sound/player.ts';
import { Waveform } from '../sound/waveform.tsx';
import { useSoundlift } from '../store/app-store.ts';

export interface HistoryRowProps {
  readonly item: HistoryItem;
  /** Index in the whole history, from 0. */
  readonly index: number;
  readonly active: boolean;
}

/** An item of the history. */
export function HistoryRow({ item, index, active }: HistoryRowProps): ReactNode {
  const soundlift = useSoundlift();
  const player = usePlayer();
  const heard = useHeard(item.id);
  const { id, name, durationSeconds, bytes, missing } = item;
  const detail = detailOf(item);
  return (
    <div
      className="row"
      role="row"
      aria-rowindex={index + 1}
      aria-label={say('listRowSpokenShort', { name, detail })}
      tabIndex={active ? 0 : -1}
      data-history={id}
      data-state={missing ? 'gone' : heard === undefined ? 'done' : 'playing'}
      draggable={!missing}
      onDragStart={(event) => {
        event.preventDefault();
        void soundlift.dragOut(id);
      }}
    >
      {missing ? (
        <span className="lead" role="gridcell">
          <Icon name="slash" />
        </span>
      ) : (
        <PlayButton id={id} name={name} />
      )}
      <div className="what" role="gridcell">
        <FileName name={name} />
        <span className="detail" title={detail}>
          {detail}
        </span>
      </div>
      {missing ? (
        <div className="way-out" role="gridcell">
          <button
            type="button"
            className="btn"
            tabIndex={-1}
            aria-label={say('historyConvertAgainOf', { name })}
            onClick={() => void soundlift.convertAgain(id)}
          >
            {say('historyConvertAgain')}
          </button>
        </div>
      ) : (
        <>
          <span className="cell" role="gridcell">
            <Waveform
              id={id}
              name={name}
              durationSeconds={durationSeconds}
              positionSeconds={heard?.positionSeconds}
              onSeek={player.seek}
            />
          </span>
          <div className="nums" role="gridcell">
            <b>{clockWords(heard?.positionSeconds ?? durationSeconds)}</b>
            <span>
              {heard === undefined ? sizeWords(bytes) : say('listOfDuration', { time: clockWords(durationSeconds) })}
            </span>
          </div>
        </>
      )}
      <div className="acts" role="gridcell">
        <button
          type="button"
          className="icon-btn"
          tabIndex={-1}
          aria-label={say(missing ? 'historyRemoveOf' : 'historyShowOf', { name })}
          title={
            missing
              ? say('historyRemove')
              : say('listTooltip', { action: say('listShowInFolder'), key: say('listKeyEnter') })
          }
          onClick={() => void (missing ? soundlift.removeFromHistory(id) : soundlift.showInFolder(id))}
        >
          <Icon name={missing ? 'close' : 'folder'} />
        </button>
      </div>
    </div>
  );
}

function detailOf({ folder, host, track, missing }: HistoryItem): string {
  const where = folderText(folder);
  if (missing) return say('historyGone', { folder: where });
  const tracked = track === undefined ? where : say('historyFolderTrack', { folder: where, track: track + 1 });
  return host === undefined ? tracked : say('historyFolderHost', { folder: tracked, host: isolate(host) });
}
