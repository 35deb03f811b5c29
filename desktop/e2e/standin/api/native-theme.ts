import { StrictEmitter } from '../strict.ts';

/** The system's theme is light, or dark if a test sets STANDIN_DARK. */
class NativeTheme extends StrictEmitter {
  #source = 'system';
  shouldUseHighContrastColors = false;
  shouldUseInvertedColorScheme = false;
  shouldUseDarkColorsForSystemIntegratedUI = !!process.env['STANDIN_DARK'];
  inForcedColorsMode = false;
  prefersReducedTransparency = false;
  get themeSource() {
    return this.#source;
  }
  set themeSource(source: string) {
    const before = this.shouldUseDarkColors;
    this.#source = source;
    if (this.shouldUseDarkColors !== before) this.emit('updated');
  }
  get shouldUseDarkColors() {
    return this.#source === 'dark' || (this.#source === 'system' && !!process.env['STANDIN_DARK']);
  }
}

export const nativeTheme = new NativeTheme();
