import { say } from '../../words/say.ts';

/** What is known about dragged items before the drop: kinds and types, but no names. */
export interface DraggedItem {
  readonly kind: string;
  /** Media type; empty if the system knows none, and for a folder. */
  readonly type: string;
}

/** What would be converted: “5 videos”, or “5 files” if some may not be videos. */
export function dropTitle(items: readonly DraggedItem[]): string {
  const files = items.filter((item) => item.kind === 'file');
  const count = files.length;
  if (count === 0) return say('listDropUnknown');
  return files.every((file) => file.type.startsWith('video/'))
    ? say('listDropVideos', { count })
    : say('listDropFiles', { count });
}
