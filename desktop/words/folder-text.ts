import { isolate } from '../../shared/words/measures.ts';
import type { FolderWords } from '../ipc.ts';

/** `Movies › Lectures`. */
export function folderText(folder: FolderWords): string {
  return folder.map(isolate).join(' › ');
}
