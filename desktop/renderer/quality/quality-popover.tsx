import { type ReactNode, useId } from 'react';
import { mp3BitratesKbps } from '../../../shared/formats.ts';
import type { Quality } from '../../ipc.ts';
import { perHourWords } from '../../words/quality-words.ts';
import { type MessageName, say } from '../../words/say.ts';
import { qualityName } from '../../words/setting-words.ts';
import { Popover } from '../shell/popover.tsx';
import { useAppState, useSoundlift } from '../store/app-store.ts';

const presets: readonly { readonly quality: Quality; readonly detail: MessageName }[] = [
  { quality: { kind: 'voice' }, detail: 'settingsVoiceDetail' },
  { quality: { kind: 'standard' }, detail: 'settingsStandardDetail' },
  { quality: { kind: 'best' }, detail: 'settingsBestDetail' },
];

type Custom = Extract<Quality, { kind: 'custom' }>;
const firstCustom: Custom = { kind: 'custom', bitrateKbps: 160, mono: false };
/** The best variable quality is 0, so the slider is reversed. */
const worstLevel = 9;

/** The quality for new videos; used at once. */
export function QualityPopover({ onClose }: { readonly onClose: () => void }): ReactNode {
  const soundlift = useSoundlift();
  const quality = useAppState((state) => state.settings.quality);
  const choose = (next: Quality): void => void soundlift.changeSettings({ quality: next });
  const custom = quality.kind === 'custom' ? quality : undefined;
  return (
    <Popover title={say('settingsQualityTitle')} from="status" onClose={onClose}>
      {presets.map(({ quality: preset, detail }) => (
        <Option
          key={preset.kind}
          checked={quality.kind === preset.kind}
          name={qualityName(preset)}
          size={perHourWords(preset)}
          detail={say(detail)}
          onChoose={() => choose(preset)}
        />
      ))}
      <Option
        checked={custom !== undefined}
        name={qualityName(firstCustom)}
        size={custom === undefined ? undefined : perHourWords(custom)}
        detail={say('settingsCustomDetail')}
        onChoose={() => choose(firstCustom)}
      />
      {custom !== undefined && <CustomQuality quality={custom} onChange={choose} />}
      <footer role="none">{say('settingsRemembered')}</footer>
    </Popover>
  );
}

interface OptionProps {
  readonly checked: boolean;
  readonly name: string;
  readonly size: string | undefined;
  readonly detail: string;
  readonly onChoose: () => void;
}

function Option({ checked, name, size, detail, onChoose }: OptionProps): ReactNode {
  return (
    <label className="option">
      <input className="radio" type="radio" name="quality" checked={checked} onChange={onChoose} />
      <b>{name}</b>
      {size !== undefined && <span>{size}</span>}
      <small>{detail}</small>
    </label>
  );
}

function CustomQuality({
  quality,
  onChange,
}: {
  readonly quality: Custom;
  readonly onChange: (quality: Custom) => void;
}): ReactNode {
  const monoId = useId();
  const { bitrateKbps, quality: level = 2, mono } = quality;
  const isConstant = bitrateKbps !== undefined;
  const name = say(isConstant ? 'settingsBitrate' : 'settingsVariable');
  const value = isConstant
    ? say('settingsBitrateValue', { rate: bitrateKbps })
    : say('settingsVariableValue', { level });
  return (
    <div className="custom">
      <div className="pair">
        <div className="tabs" role="radiogroup" aria-label={say('settingsKind')}>
          <button
            type="button"
            role="radio"
            aria-checked={isConstant}
            onClick={() => onChange({ kind: 'custom', bitrateKbps: 160, mono })}
          >
            {say('settingsBitrate')}
          </button>
          <button
            type="button"
            role="radio"
            aria-checked={!isConstant}
            onClick={() => onChange({ kind: 'custom', quality: 2, mono })}
          >
            {say('settingsVariable')}
          </button>
        </div>
        <b>{value}</b>
      </div>
      {isConstant ? (
        <input
          type="range"
          min={0}
          max={mp3BitratesKbps.length - 1}
          value={mp3BitratesKbps.indexOf(bitrateKbps)}
          aria-label={name}
          aria-valuetext={say('settingsBitrateSpoken', { rate: bitrateKbps })}
          onChange={({ target }) => {
            const next = mp3BitratesKbps[Number(target.value)];
            if (next !== undefined) onChange({ kind: 'custom', bitrateKbps: next, mono });
          }}
        />
      ) : (
        <input
          type="range"
          min={0}
          max={worstLevel}
          value={worstLevel - level}
          aria-label={name}
          aria-valuetext={say('settingsVariableSpoken', { level })}
          onChange={({ target }) => onChange({ kind: 'custom', quality: worstLevel - Number(target.value), mono })}
        />
      )}
      <label className="pair" htmlFor={monoId}>
        <span>{say('settingsMono')}</span>
        <input
          className="switch"
          type="checkbox"
          role="switch"
          id={monoId}
          checked={mono}
          onChange={() => onChange({ ...quality, mono: !mono })}
        />
      </label>
    </div>
  );
}
