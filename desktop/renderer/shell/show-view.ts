import { createContext, useContext } from 'react';
import type { SoundliftApi, View } from '../../ipc.ts';
import type { RowRequest } from '../../words/row-words.ts';

export type ShowView = (view: View) => void;

/** Given by the app; what main asks to be shown goes the same way. */
export const ShowViewContext = createContext<ShowView>(() => undefined);

/** Shows a page, a popover, a sheet or a row. */
export function useShowView(): ShowView {
  return useContext(ShowViewContext);
}

/** Does what the one button of a row says. */
export function performRowRequest(id: string, request: RowRequest, soundlift: SoundliftApi, show: ShowView): void {
  if (request === 'signIn') show({ kind: 'welcome' });
  else if (request === 'tracks' || request === 'details') show({ kind: request, id });
  else void soundlift[request](id);
}
