import type { ReactNode } from 'react';
import { isolate } from '../../../shared/words/measures.ts';
import type { BackendStatus } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { useShowView } from '../shell/show-view.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Group, SelectSetting, Setting } from './setting-parts.tsx';

/** More videos at once only make each of them slower. */
const mostAtOnce = 16;

/** The backend: a server, or this computer. */
export function BackendSettings(): ReactNode {
  const backend = useAppState((state) => state.backend);
  return (
    <Group title={say('settingsWhere')}>
      {backend.kind === 'server' ? <ServerStatus backend={backend} /> : <ThisComputerStatus backend={backend} />}
    </Group>
  );
}

function ServerStatus({ backend }: { readonly backend: Extract<BackendStatus, { kind: 'server' }> }): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const isOut = backend.connection === 'signed_out';
  return (
    <Setting>
      <div>
        <b>{backend.host}</b>
        <small>
          {isOut ? say('settingsSignedOutOf') : say('settingsSignedInAs', { email: isolate(backend.email) })}
        </small>
        {backend.thisSessionOnly && <small>{say('settingsThisSession')}</small>}
        {backend.readable && <small>{say('settingsReadable')}</small>}
      </div>
      <span>
        {isOut ? (
          <button type="button" className="btn plain" onClick={() => show({ kind: 'welcome' })}>
            {say('settingsSignIn')}
          </button>
        ) : (
          <button type="button" className="btn plain" onClick={() => void soundlift.signOut()}>
            {say('settingsSignOut')}
          </button>
        )}{' '}
        <button type="button" className="btn" onClick={() => show({ kind: 'welcome' })}>
          {say('settingsChange')}
        </button>
      </span>
    </Setting>
  );
}

function ThisComputerStatus({ backend }: { readonly backend: BackendStatus }): ReactNode {
  const soundlift = useSoundlift();
  const show = useShowView();
  const atOnce = useAppState((state) => state.settings.atOnce);
  const advised = backend.kind === 'here' ? backend.advisedAtOnce : 1;
  const counts = Array.from({ length: mostAtOnce }, (_, index) => index + 1);
  return (
    <>
      <Setting>
        <div>
          <b>{say('settingsHere')}</b>
          <small>{(backend.kind === 'here' ? backend.problem : undefined) ?? say('settingsHereDetail')}</small>
        </div>
        <button type="button" className="btn" onClick={() => show({ kind: 'welcome' })}>
          {say('settingsUseServer')}
        </button>
      </Setting>
      <SelectSetting
        name={say('settingsAtOnce')}
        value={atOnce === undefined ? 'advised' : String(atOnce)}
        options={[
          ['advised', say('settingsAtOnceAdvised', { count: advised })],
          ...counts.map((count) => [String(count), say('settingsAtOnceCount', { count })] as const),
        ]}
        onChoose={(value) => void soundlift.changeSettings({ atOnce: value === 'advised' ? null : Number(value) })}
      />
    </>
  );
}
