import { StrictEmitter, strict } from '../strict.ts';

/** A test emits `suspend`, `resume` and the like. */
class PowerMonitor extends StrictEmitter {
  onBatteryPower = false;
  isOnBatteryPower() {
    return this.onBatteryPower;
  }
  getSystemIdleTime() {
    return 0;
  }
  getSystemIdleState(_threshold: number) {
    return 'active';
  }
}
export const powerMonitor = new PowerMonitor();

const started = new Set<number>();
let lastBlocker = 0;
export const powerSaveBlocker = strict('powerSaveBlocker', {
  start: (_type: string) => {
    started.add(++lastBlocker);
    return lastBlocker;
  },
  stop: (id: number) => started.delete(id),
  isStarted: (id: number) => started.has(id),
});
