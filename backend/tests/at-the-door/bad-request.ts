/** The account and the server of a bad request. */
export interface Sender {
  /** An access token. */
  readonly token: string;
  /** Host and port, as in the header `Host`. */
  readonly host: string;
}

export interface BadRequest {
  readonly what: string;
  /** The bytes that are sent. */
  readonly bytes: (sender: Sender) => string | Uint8Array;
  /** The statuses of the answers, in order. */
  readonly statuses: readonly number[];
}

export const mebibyte = 1024 * 1024;

/** A request that closes its connection. */
export function request(line: string, headers: readonly string[] = [], body = ''): (sender: Sender) => string {
  return ({ host }) => [`${line} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...headers, '', body].join('\r\n');
}

/** The same with a token and a body of declared length. */
export function signedIn(
  line: string,
  type: string,
  body: string | Uint8Array,
  ...headers: readonly string[]
): (sender: Sender) => Buffer {
  const bytes = Buffer.from(body);
  return (sender) => {
    const head = [
      `Authorization: Bearer ${sender.token}`,
      `Content-Type: ${type}`,
      `Content-Length: ${bytes.byteLength}`,
    ];
    return Buffer.concat([Buffer.from(request(line, [...head, ...headers])(sender)), bytes]);
  };
}

export function json(
  line: string,
  body: string | Uint8Array,
  ...headers: readonly string[]
): (sender: Sender) => Buffer {
  return signedIn(line, 'application/json', body, ...headers);
}

/** A form with one part. */
export function form(disposition: string, contents = 'x'): string {
  return `--edge\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${contents}\r\n--edge--\r\n`;
}
export const formType = 'multipart/form-data; boundary=edge';
