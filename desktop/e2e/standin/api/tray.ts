import { StrictEmitter } from '../strict.ts';
import type { Menu } from './menu.ts';

/** Drawn nowhere: a test emits `click`, `double-click` and `drop-files`. Names with `__` are the stand-in's own. */
export class Tray extends StrictEmitter {
  __image: unknown;
  __toolTip = '';
  __menu: Menu | null = null;
  #destroyed = false;
  constructor(image: unknown) {
    super();
    if (!image) throw new TypeError('Tray needs an image');
    this.__image = image;
  }
  setToolTip(text: string) {
    this.__toolTip = text;
  }
  setTitle(_title: string) {}
  setImage(image: unknown) {
    this.__image = image;
  }
  setPressedImage(_image: unknown) {}
  setIgnoreDoubleClickEvents(_ignore: boolean) {}
  setContextMenu(menu: Menu | null) {
    this.__menu = menu;
  }
  popUpContextMenu(_menu?: Menu) {}
  getBounds() {
    return { x: 0, y: 0, width: 16, height: 16 };
  }
  isDestroyed() {
    return this.#destroyed;
  }
  destroy() {
    this.#destroyed = true;
  }
}
