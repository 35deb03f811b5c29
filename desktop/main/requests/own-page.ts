import type { IpcMainInvokeEvent, WebContents } from 'electron';

/**
 * Whether `event` was sent by the top frame of `contents`, showing `page`: the URL of the app's own page. What follows `?` or `#` in it
 * is the page's own business.
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
