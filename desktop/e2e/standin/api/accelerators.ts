import type { KeyInput } from '../page/preload-side.ts';

const named: Readonly<Record<string, string>> = {
  plus: '+',
  space: ' ',
  esc: 'escape',
  return: 'enter',
  up: 'arrowup',
  down: 'arrowdown',
  left: 'arrowleft',
  right: 'arrowright',
};

/** Whether a key matches a menu's accelerator on Linux, where `CmdOrCtrl` is Ctrl. */
export function matchesAccelerator(accelerator: string, input: KeyInput): boolean {
  const words = accelerator.toLowerCase().split('+');
  const key = words.pop() ?? '';
  const has = (...names: readonly string[]) => words.some((word) => names.includes(word));
  return (
    input.key.toLowerCase() === (named[key] ?? key) &&
    input.control === has('ctrl', 'control', 'cmdorctrl', 'commandorcontrol') &&
    input.meta === has('cmd', 'command', 'super', 'meta') &&
    input.alt === has('alt', 'option') &&
    // A sign such as `?` includes its shift.
    (input.shift === has('shift') || !/^[a-z]|^.{2,}$/.test(input.key.toLowerCase()))
  );
}
