import { type ReactNode, useState } from 'react';
import { say } from '../../words/say.ts';
import { trackFormat, trackName } from '../../words/track-words.ts';
import { FileName } from '../list/file-name.tsx';
import { useRow, useSoundlift } from '../store/app-store.ts';
import { Sheet } from './sheet.tsx';

/** Chooses one of a video's audio tracks. */
export function TrackSheet({ id, onClose }: { readonly id: string; readonly onClose: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const row = useRow(id);
  const tracks = row?.tracks ?? [];
  const tried = row?.state.kind === 'failed' ? (row.track ?? 0) : undefined;
  const [chosen, setChosen] = useState(tracks.find(({ index }) => index !== (row?.track ?? 0))?.index);
  if (row === undefined) return null;
  return (
    <Sheet title={say('settingsTrackTitle')} onClose={onClose}>
      <p className="quiet">
        <FileName name={row.sourceName} />
      </p>
      <div>
        {tracks.map((track) => (
          <label key={track.index} className="option">
            <input
              className="radio"
              type="radio"
              name="track"
              disabled={track.index === tried}
              autoFocus={track.index === chosen}
              checked={track.index === chosen}
              onChange={() => setChosen(track.index)}
            />
            <b>{trackName(track)}</b>
            <span>{trackFormat(track)}</span>
            {track.index === tried && <small>{say('settingsTried')}</small>}
            {track.index !== tried && track.channels > 2 && <small>{say('settingsMixed')}</small>}
          </label>
        ))}
      </div>
      <footer>
        <button type="button" className="btn" onClick={onClose}>
          {say('settingsCancel')}
        </button>
        <button
          type="button"
          className="btn primary"
          disabled={chosen === undefined}
          onClick={() => {
            if (chosen !== undefined) void soundlift.chooseTrack(id, chosen);
            onClose();
          }}
        >
          {say('settingsConvert')}
        </button>
      </footer>
    </Sheet>
  );
}
