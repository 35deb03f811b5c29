import type { IpcMainInvokeEvent, WebContents } from 'electron';

/**
 * Whether `event` was sent by the top frame of `contents` while it shows `page`, the URL of the app's own page. Everything from `?` or `#` on
 * is ignored.
 */
export function isFromOwnPage(event: IpcMainInvokeEvent, contents: WebContents | undefined, page: string): boolean {
  const frame = event.senderFrame;
  if (contents === undefined || frame === null || event.sender !== contents || frame !== contents.mainFrame)
    return false;
  return withoutQuery(frame.url) === withoutQuery(page);
}

function withoutQuery(url: string): string | undefined {
  const parsed = URL.parse(url);
  return parsed === null ? undefined : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
