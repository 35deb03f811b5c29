import type { MenuItemConstructorOptions } from 'electron';
import type { OutputOptions } from '../../../shared/formats.ts';
import { outputOptionsOf, type Quality, type Row, type System } from '../../ipc.ts';
import { wayOutOf } from '../../words/row-words.ts';
import type { MessageName } from '../../words/say.ts';
import { qualityName } from '../../words/setting-words.ts';
import { menuLabel } from './app-menu.ts';

/** The actions of the items of a row's menu, for that row. */
export interface RowMenuActions {
  play(): void;
  showInFolder(): void;
  showSource(): void;
  copy(): void;
  convertAgain(options: OutputOptions): void;
  details(): void;
  tracks(): void;
  retry(): void;
  continueRow(): void;
  /** Cancels a row that has not ended, and removes one that has. */
  letGo(): void;
}

type Item = MenuItemConstructorOptions;

const separator: Item = { type: 'separator' };
const qualities: readonly Quality[] = [{ kind: 'voice' }, { kind: 'standard' }, { kind: 'best' }];

/** The menu of a row, with the items that its state allows. */
export function rowMenu(system: System, row: Row, actions: RowMenuActions): readonly Item[] {
  const item = (name: MessageName, click: () => void): Item => ({ label: menuLabel(system, name), click });
  const { kind } = row.state;
  const again: Item = {
    label: menuLabel(system, 'menusConvertAgain'),
    submenu: qualities.map((quality) => ({
      label: qualityName(quality),
      click: () => actions.convertAgain(outputOptionsOf(quality)),
    })),
  };
  const details = item('menusDetails', actions.details);
  const letGo = item(wayOutOf(row.state) === 'cancel' ? 'menusCancel' : 'menusRemove', actions.letGo);
  const source = item('menusShowVideo', actions.showSource);
  switch (kind) {
    case 'done':
      return [
        item('menusPlay', actions.play),
        item('menusShowInFolder', actions.showInFolder),
        item('menusCopy', actions.copy),
        separator,
        again,
        ...(hasTracks(row) ? [item('menusTracks', actions.tracks)] : []),
        details,
        separator,
        letGo,
      ];
    case 'failed':
    case 'cancelled':
      return [
        item('menusRetry', actions.retry),
        ...(hasTracks(row) ? [item('menusTracks', actions.tracks)] : []),
        source,
        details,
        separator,
        letGo,
      ];
    case 'paused':
      return [item('menusContinue', actions.continueRow), source, separator, letGo];
    default:
      return [source, separator, letGo];
  }
}

function hasTracks({ tracks = [] }: Row): boolean {
  return tracks.length > 1;
}
