import { createContext, useContext } from 'react';
import type { SoundliftApi, View } from '../../ipc.ts';
import type { RowRequest } from '../../words/row-words.ts';

export type ShowView = (view: View) => void;

/** Provided by the app. Views that main asks for are shown in the same way. */
export const ShowViewContext = createContext<ShowView>(() => undefined);

/** Shows a page, a popover, a sheet or a row. */
export function useShowView(): ShowView {
  return useContext(ShowViewContext);
}

/** Performs the action of a row's text button. */
export function performRowRequest(id: string, request: RowRequest, soundlift: SoundliftApi, show: ShowView): void {
  if (request === 'signIn') show({ kind: 'welcome' });
  else if (request === 'tracks' || request === 'details') show({ kind: request, id });
  else void soundlift[request](id);
}
