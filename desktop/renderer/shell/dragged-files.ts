import { say } from '../../words/say.ts';

/** What a drag tells of itself before it is let go: kinds and types, no names. */
export interface DraggedItem {
  readonly kind: string;
  /** Media type; empty where the system knows none, or for a folder. */
  readonly type: string;
}

/** What would be converted: “5 videos”, or “5 files” when not all are known to be videos. */
export function dropTitle(items: readonly DraggedItem[]): string {
  const files = items.filter((item) => item.kind === 'file');
  const count = files.length;
  if (count === 0) return say('listDropUnknown');
  return files.every((file) => file.type.startsWith('video/'))
    ? say('listDropVideos', { count })
    : say('listDropFiles', { count });
}
