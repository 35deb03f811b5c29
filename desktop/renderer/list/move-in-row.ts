/**
 * Moves the focus one step in the order row, first button, …, last button. One step back from the row is the last button.
 * @param controls a selector for the elements of the row that can have the focus
 */
export function moveInRow(row: HTMLElement, controls: string, target: EventTarget, step: 1 | -1): void {
  const all = [...row.querySelectorAll<HTMLElement>(controls)];
  const at = all.findIndex((control) => control === target);
  if (at === -1) (step === 1 ? all[0] : all.at(-1))?.focus();
  else if (at + step === -1) row.focus();
  else all[at + step]?.focus();
}
