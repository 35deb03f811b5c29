import type { PowerSaveBlocker } from 'electron';

/** Keeps the computer from going to sleep while there is work. The screen may turn off. */
export interface StayAwake extends Disposable {
  working(isWorking: boolean): void;
}

export function stayAwake(blocker: Pick<PowerSaveBlocker, 'start' | 'stop'>): StayAwake {
  let id: number | undefined;
  function working(isWorking: boolean): void {
    if (isWorking === (id !== undefined)) return;
    if (id === undefined) id = blocker.start('prevent-app-suspension');
    else {
      blocker.stop(id);
      id = undefined;
    }
  }
  return { working, [Symbol.dispose]: () => working(false) };
}
