import { strict } from '../strict.ts';
import { app } from './app.ts';

const mark = 'standin';
/** STANDIN_KEYRING=none: the system has no keyring. */
const available = (): boolean => process.env['STANDIN_KEYRING'] !== 'none' && app.isReady();

function encrypt(text: string): Buffer {
  if (!available()) throw new Error('Error while encrypting the text provided to safeStorage.encryptString.');
  return Buffer.from(mark + Buffer.from(text).toString('base64'));
}

function decrypt(data: Buffer): string {
  const text = data.toString();
  if (!available() || !text.startsWith(mark)) {
    throw new Error('Error while decrypting the ciphertext provided to safeStorage.decryptString.');
  }
  return Buffer.from(text.slice(mark.length), 'base64').toString();
}

export const safeStorage = strict('safeStorage', {
  isEncryptionAvailable: available,
  encryptString: encrypt,
  decryptString: decrypt,
  getSelectedStorageBackend: () => (process.env['STANDIN_KEYRING'] === 'none' ? 'basic_text' : 'gnome_libsecret'),
  setUsePlainTextEncryption: (_use: boolean) => {},
  isAsyncEncryptionAvailable: async () => available(),
  encryptStringAsync: async (text: string) => encrypt(text),
  decryptStringAsync: async (data: Buffer) => ({ result: decrypt(data), shouldReEncrypt: false }),
});
