import { type ReactNode, useId } from 'react';

/** A group of settings. */
export function Group({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  const id = useId();
  return (
    <section className="group" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

export function Setting({ children }: { readonly children: ReactNode }): ReactNode {
  return <li className="setting">{children}</li>;
}

export interface SelectSettingProps<Value extends string> {
  readonly name: string;
  readonly value: Value;
  /** Each value with its label. */
  readonly options: readonly (readonly [value: Value, words: string])[];
  readonly onChoose: (value: Value) => void;
}

export function SelectSetting<Value extends string>(props: SelectSettingProps<Value>): ReactNode {
  const { name, value, options, onChoose } = props;
  const id = useId();
  return (
    <Setting>
      <label htmlFor={id}>{name}</label>
      <select id={id} value={value} onChange={({ target }) => onChoose(target.value as Value)}>
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </Setting>
  );
}

export interface SwitchSettingProps {
  readonly name: string;
  readonly detail?: string;
  readonly checked: boolean;
  readonly disabled?: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function SwitchSetting({ name, detail, checked, disabled = false, onChange }: SwitchSettingProps): ReactNode {
  const id = useId();
  const detailId = useId();
  return (
    <Setting>
      <label htmlFor={id}>
        {name}
        {detail !== undefined && <small id={detailId}>{detail}</small>}
      </label>
      <input
        className="switch"
        type="checkbox"
        role="switch"
        id={id}
        checked={checked}
        disabled={disabled}
        onChange={() => onChange(!checked)}
      />
    </Setting>
  );
}
