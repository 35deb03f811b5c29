import { focusedWindow } from '../open-windows.ts';
import type { KeyInput } from '../page/preload-side.ts';
import { StrictEmitter } from '../strict.ts';
import { matchesAccelerator } from './accelerators.ts';
import { app } from './app.ts';

type Template = Record<string, unknown>;

export class MenuItem {
  type = 'normal';
  label = '';
  sublabel = '';
  toolTip = '';
  enabled = true;
  visible = true;
  checked = false;
  registerAccelerator = true;
  id: string | undefined;
  role: string | undefined;
  icon: unknown;
  submenu: Menu | undefined;
  accelerator: string | undefined;
  click: (...args: unknown[]) => void;
  constructor(options: Template) {
    Object.assign(this, options);
    if (Array.isArray(options['submenu'])) {
      this.submenu = Menu.buildFromTemplate(options['submenu'] as Template[]);
      this.type = 'submenu';
    }
    const onClick = options['click'] as ((...args: unknown[]) => void) | undefined;
    this.click = (...args) => {
      if (this.type === 'checkbox') this.checked = !this.checked;
      if (this.type === 'radio') this.checked = true;
      if (onClick) onClick(this, focusedWindow(), ...args);
      else if (this.role === 'quit') app.quit();
      else if (this.role === 'close') focusedWindow()?.close();
    };
  }
}

/** Shown nowhere: a test finds an item and clicks it. */
export class Menu extends StrictEmitter {
  static #application: Menu | null = null;
  static setApplicationMenu(menu: Menu | null) {
    Menu.#application = menu;
  }
  static getApplicationMenu() {
    return Menu.#application;
  }
  static buildFromTemplate(template: readonly (Template | MenuItem)[]) {
    const menu = new Menu();
    for (const item of template) menu.append(item instanceof MenuItem ? item : new MenuItem(item));
    return menu;
  }
  readonly items: MenuItem[] = [];
  append(item: MenuItem) {
    this.items.push(item);
  }
  insert(position: number, item: MenuItem) {
    this.items.splice(position, 0, item);
  }
  getMenuItemById(id: string): MenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id);
      if (found) return found;
    }
    return null;
  }
  popup(_options?: object) {
    this.emit('menu-will-show', {});
  }
  closePopup(_window?: object) {
    this.emit('menu-will-close', {});
  }
  /** Runs the item whose accelerator is this key. */
  __press(input: KeyInput): boolean {
    return this.items.some((item) => {
      if (item.submenu?.__press(input)) return true;
      const fits =
        item.accelerator !== undefined &&
        item.registerAccelerator &&
        item.enabled &&
        matchesAccelerator(item.accelerator, input);
      if (fits) item.click({});
      return fits;
    });
  }
}
