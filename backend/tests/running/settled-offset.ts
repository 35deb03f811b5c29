import type { ApiClient } from './api-client.ts';
import { waitUntil } from './wait-until.ts';

const resumable = { 'Tus-Resumable': '1.0.0' };

/**
 * Waits until no request stores bytes of an upload any more. After a connection has ended, the server may still be storing what
 * came over it, and refuses other requests meanwhile. Returns the number of stored bytes.
 */
export async function settledOffset(account: ApiClient, id: string): Promise<number> {
  const path = `/api/v1/uploads/${id}`;
  return await waitUntil('no request stores bytes of the upload', async () => {
    const { headers: told } = await account.fetch(path, { method: 'HEAD', headers: resumable });
    const offset = told.get('upload-offset') ?? '';
    if (offset === told.get('upload-length')) return Number(offset);
    // An empty part is taken only when nothing else is being written, and only at the end of what is stored.
    const headers = { ...resumable, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': offset };
    const { status } = await account.fetch(path, { method: 'PATCH', headers });
    return status === 204 ? Number(offset) : undefined;
  });
}
