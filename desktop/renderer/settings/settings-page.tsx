import type { ReactNode } from 'react';
import type { Quality, SettingsChange } from '../../ipc.ts';
import { folderText } from '../../words/folder-text.ts';
import { perHourWords } from '../../words/quality-words.ts';
import { say } from '../../words/say.ts';
import { qualityName } from '../../words/setting-words.ts';
import { Icon } from '../shell/icon.tsx';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { AboutSettings } from './about-settings.tsx';
import { BackendSettings } from './backend-settings.tsx';
import { MailSetting } from './mail-setting.tsx';
import { Group, SelectSetting, SwitchSetting } from './setting-parts.tsx';
import { WindowSettings } from './window-settings.tsx';

const presets: readonly Quality[] = [{ kind: 'voice' }, { kind: 'standard' }, { kind: 'best' }];

/** All settings. The defaults are right for most people. */
export function SettingsPage({ onClose }: { readonly onClose: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const settings = useAppState((state) => state.settings);
  const change = (changes: SettingsChange): void => void soundlift.changeSettings(changes);
  const { saveTo, whenTaken, quality } = settings;

  return (
    <>
      <header className="toolbar">
        <button
          type="button"
          className="icon-btn"
          aria-label={say('settingsBack')}
          title={say('settingsBackKey')}
          autoFocus
          onClick={onClose}
        >
          <Icon name="back" />
        </button>
        <h1>{say('settingsTitle')}</h1>
      </header>
      <main className="page">
        <BackendSettings />
        <Group title={say('settingsSaving')}>
          <SelectSetting<'beside' | 'folder' | 'ask' | 'choose'>
            name={say('settingsSaveTo')}
            value={saveTo.kind}
            options={[
              ['beside', say('settingsSaveBeside')],
              saveTo.kind === 'folder'
                ? ['folder', say('settingsSaveFolder', { folder: folderText(saveTo.folder) })]
                : ['choose', say('settingsSaveOneFolder')],
              ['ask', say('settingsSaveAsk')],
              ...(saveTo.kind === 'folder' ? ([['choose', say('settingsSaveOtherFolder')]] as const) : []),
            ]}
            onChoose={(value) => {
              if (value === 'choose') void soundlift.chooseSaveFolder();
              else if (value === 'beside' || value === 'ask') change({ saveTo: value });
            }}
          />
          <SelectSetting
            name={say('settingsTaken')}
            value={whenTaken}
            options={[
              ['keep_both', say('settingsTakenBoth')],
              ['replace', say('settingsTakenReplace')],
              ['ask', say('settingsTakenAsk')],
            ]}
            onChoose={(value) => change({ whenTaken: value })}
          />
          <SelectSetting<Quality['kind']>
            name={say('settingsQuality')}
            value={quality.kind}
            options={[
              ...presets.map((each) => [each.kind, qualityLine(each)] as const),
              ...(quality.kind === 'custom' ? [['custom', qualityLine(quality)] as const] : []),
            ]}
            onChoose={(kind) => {
              const preset = presets.find((each) => each.kind === kind);
              if (preset !== undefined) change({ quality: preset });
            }}
          />
        </Group>
        <Group title={say('settingsDone')}>
          <SwitchSetting
            name={say('settingsNotify')}
            detail={say('settingsNotifyDetail')}
            checked={settings.notify}
            onChange={(notify) => change({ notify })}
          />
          <SwitchSetting
            name={say('settingsSound')}
            checked={settings.notifySound}
            onChange={(notifySound) => change({ notifySound })}
          />
          <MailSetting />
        </Group>
        <WindowSettings />
        <AboutSettings />
      </main>
    </>
  );
}

function qualityLine(quality: Parameters<typeof qualityName>[0]): string {
  return `${qualityName(quality)}, ${perHourWords(quality)}`;
}
