import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { soundUrl } from '../../ipc.ts';
import { answerSound, soundSchemePrivileges } from './sound-scheme.ts';

let folder: string;
let files: ReadonlyMap<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-sound-'));
  const saved = join(folder, 'talk.mp3');
  await writeFile(saved, Buffer.from('0123456789'));
  await writeFile(join(folder, 'empty.mp3'), '');
  await symlink('/etc/passwd', join(folder, 'link.mp3'));
  files = new Map([
    ['row/1 ü', saved],
    ['empty', join(folder, 'empty.mp3')],
    ['link', join(folder, 'link.mp3')],
    ['folder', folder],
    ['gone', join(folder, 'gone.mp3')],
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return await answerSound(new Request(url, init), (id) => files.get(id));
}

describe('a row’s sound', () => {
  it('is served whole and in ranges', async () => {
    const whole = await ask(soundUrl('row/1 ü'));
    expect([whole.status, whole.headers.get('Content-Type'), await whole.text()]).toEqual([
      200,
      'audio/mpeg',
      '0123456789',
    ]);
    const part = await ask(soundUrl('row/1 ü'), { headers: { Range: 'bytes=2-4' } });
    expect([part.status, part.headers.get('Content-Range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234']);
    const end = await ask(soundUrl('row/1 ü'), { headers: { Range: 'bytes=8-' } });
    expect([end.headers.get('Content-Length'), await end.text()]).toEqual(['2', '89']);
    expect((await ask(soundUrl('row/1 ü'), { headers: { Range: 'bytes=10-' } })).status).toBe(416);
  });

  it('answers HEAD with headers only', async () => {
    const head = await ask(soundUrl('row/1 ü'), { method: 'HEAD' });
    expect([head.status, head.headers.get('Content-Length'), await head.text()]).toEqual([200, '10', '']);
  });

  it('of no bytes is served too', async () => {
    expect(await (await ask(soundUrl('empty'))).text()).toBe('');
  });

  it.each([
    soundUrl('nobody'),
    soundUrl('link'),
    soundUrl('folder'),
    soundUrl('gone'),
    soundUrl('../../etc/passwd'),
    'soundlift-sound://row/',
    'soundlift-sound://row/row%2F1%20%C3%BC/more',
    'soundlift-sound://row/row%2F1%20%C3%BC?x=1',
    'soundlift-sound://other/row%2F1%20%C3%BC',
    'soundlift-sound://row/%E0%A4%A',
    'https://row/empty',
    'file:///etc/passwd',
  ])('is the only content of the scheme: %s is not found', async (url) => {
    expect((await ask(url)).status).toBe(404);
  });

  it('cannot be written to', async () => {
    expect((await ask(soundUrl('empty'), { method: 'POST', body: 'x' })).status).toBe(405);
  });
});

it('the scheme allows streaming and nothing else', () => {
  expect(soundSchemePrivileges.privileges).toEqual({
    standard: true,
    secure: true,
    stream: true,
    supportFetchAPI: false,
    corsEnabled: false,
  });
});
