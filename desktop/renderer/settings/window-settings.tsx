import type { ReactNode } from 'react';
import type { SettingsChange } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { Group, SelectSetting, SwitchSetting } from './setting-parts.tsx';

/** How the window looks, and when the app runs. */
export function WindowSettings(): ReactNode {
  const soundlift = useSoundlift();
  const settings = useAppState((state) => state.settings);
  const change = (changes: SettingsChange): void => void soundlift.changeSettings(changes);
  return (
    <Group title={say('settingsWindow')}>
      <SelectSetting
        name={say('settingsTheme')}
        value={settings.theme}
        options={[
          ['system', say('settingsThemeSystem')],
          ['light', say('settingsThemeLight')],
          ['dark', say('settingsThemeDark')],
        ]}
        onChoose={(value) => change({ theme: value })}
      />
      <SwitchSetting
        name={say('settingsTray')}
        detail={say('settingsTrayDetail')}
        checked={settings.keepInTray}
        onChange={(keepInTray) => change({ keepInTray })}
      />
      <SwitchSetting
        name={say('settingsLogin')}
        checked={settings.openAtLogin}
        onChange={(openAtLogin) => change({ openAtLogin })}
      />
    </Group>
  );
}
