import type { TestAccount } from './test-account.ts';

/** A part of a form. */
export interface FormPart {
  readonly disposition: string;
  readonly contents: string;
  readonly type?: string;
  /** Of the disposition; UTF-8 by default. */
  readonly encoding?: 'latin1';
}

export const boundary = 'the-boundary';

/** A form of these parts; `end` replaces its closing boundary. */
export function formOf(parts: readonly FormPart[], end = `--${boundary}--\r\n`): Buffer {
  const pieces = parts.flatMap(({ disposition, contents, type = 'application/octet-stream', encoding }) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n`, encoding),
    Buffer.from(`Content-Type: ${type}\r\n\r\n${contents}\r\n`),
  ]);
  return Buffer.concat([...pieces, Buffer.from(end)]);
}

/** The part with the video. */
export function filePart(contents = 'video', name = 'talk.mp4'): FormPart {
  return { disposition: `form-data; name="file"; filename="${name}"`, contents };
}

/** Sends a form as this account. */
export async function postForm(
  account: TestAccount,
  body: Buffer,
  type = `multipart/form-data; boundary=${boundary}`,
): Promise<Response> {
  return await account.fetch('/upload', {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': type },
  });
}

/** The head of a raw request with such a form, and `more` header lines. */
export function uploadHead(token: string, more: string): string {
  return `POST /upload HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n${more}\r\n`;
}
