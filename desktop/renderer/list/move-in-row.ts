/**
 * Row, first button, …, last button: one on or back, and from the row back to the last.
 * @param controls a selector of what in the row can have the focus
 */
export function moveInRow(row: HTMLElement, controls: string, target: EventTarget, step: 1 | -1): void {
  const all = [...row.querySelectorAll<HTMLElement>(controls)];
  const at = all.findIndex((control) => control === target);
  if (at === -1) (step === 1 ? all[0] : all.at(-1))?.focus();
  else if (at + step === -1) row.focus();
  else all[at + step]?.focus();
}
