import type { ReactNode } from 'react';
import { say } from '../../words/say.ts';
import { Icon } from '../shell/icon.tsx';
import { useHeard, usePlayer } from './player.ts';

/** The button before a name that plays and pauses the sound of a row or of an item of the history. */
export function PlayButton({ id, name }: { readonly id: string; readonly name: string }): ReactNode {
  const player = usePlayer();
  const playing = useHeard(id)?.playing === true;
  return (
    <span className="cell" role="gridcell">
      <button
        type="button"
        className="lead"
        aria-label={say(playing ? 'listPauseOf' : 'listPlayOf', { name })}
        title={say('listTooltip', { action: say(playing ? 'listPause' : 'listPlay'), key: say('listKeySpace') })}
        tabIndex={-1}
        onClick={() => player.toggle(id)}
      >
        <Icon name={playing ? 'pause' : 'play'} />
      </button>
    </span>
  );
}
