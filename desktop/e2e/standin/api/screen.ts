import { StrictEmitter } from '../strict.ts';

const bounds = { x: 0, y: 0, width: 1920, height: 1080 };
const display = {
  id: 1,
  label: 'stand-in',
  scaleFactor: 1,
  rotation: 0,
  bounds,
  size: { width: 1920, height: 1080 },
  workArea: { ...bounds, height: 1040 },
  workAreaSize: { width: 1920, height: 1040 },
};

/** One display. */
class Screen extends StrictEmitter {
  getPrimaryDisplay() {
    return display;
  }
  getAllDisplays() {
    return [display];
  }
  getDisplayMatching(_rectangle: object) {
    return display;
  }
  getDisplayNearestPoint(_point: object) {
    return display;
  }
  getCursorScreenPoint() {
    return { x: 0, y: 0 };
  }
}
export const screen = new Screen();
