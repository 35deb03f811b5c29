import { type ReactNode, useId } from 'react';
import { say } from '../../words/say.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Group, Setting } from './setting-parts.tsx';

/** The version, the licences and the report. */
export function AboutSettings(): ReactNode {
  const soundlift = useSoundlift();
  const version = useAppState((state) => state.version);
  const aboutId = useId();
  return (
    <Group title={say('settingsAbout')}>
      <Setting>
        <div id={aboutId}>
          <b>{say('settingsVersion', { version })}</b>
          <small>{say('settingsFree')}</small>
        </div>
        <button type="button" className="btn plain" onClick={() => void soundlift.showLicences()}>
          {say('settingsLicences')}
        </button>
      </Setting>
      <Setting>
        <div>
          {say('settingsWrong')}
          <small>{say('settingsReport')}</small>
        </div>
        <button type="button" className="btn plain" onClick={() => void soundlift.copyReport()}>
          {say('settingsCopyReport')}
        </button>
      </Setting>
    </Group>
  );
}
