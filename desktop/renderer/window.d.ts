import type { SoundliftApi } from '../ipc.ts';

declare global {
  interface Window {
    readonly soundlift: SoundliftApi;
  }
}
