import { describe, expect, it } from 'vitest';
import { cleanFileName, decodeText } from './upload-file-name.ts';

describe('decodeText', () => {
  it.each([
    ['utf8', 'Grüße 😀.m4a'],
    ['utf8', '\ufeffa'],
    ['utf8', ''],
    ['latin1', 'Grüße.m4a'],
  ] as const)('reads %s: %j', (encoding, text) => {
    expect(decodeText(Buffer.from(text, encoding))).toBe(text);
  });
});

describe('cleanFileName', () => {
  it.each([
    ['talk.mp4', 'talk.mp4'],
    ['the %22best%22 talk.mp4', 'the "best" talk.mp4'],
    ['100%.mp4', '100%.mp4'],
    ['C:\\fakepath\\talk.mp4', 'talk.mp4'],
    ['../../etc/passwd', 'passwd'],
    ['a/b\\c.mp4', 'c.mp4'],
    ['ta\0lk\r\n.mp4', 'talk.mp4'],
    ['\u001b[31mred.mp4', '[31mred.mp4'],
    ['talk\u202e4pm.exe', 'talk4pm.exe'],
    [' talk.mp4 ', 'talk.mp4'],
    ['محاضرة 😀.mp4', 'محاضرة 😀.mp4'],
    ['-rf.mp4', '-rf.mp4'],
    ['.hidden', '.hidden'],
    ['half \ud83d emoji.mp4', 'half \ufffd emoji.mp4'],
    ['..', 'video'],
    ['.', 'video'],
    ['videos/', 'video'],
    ['\0\n', 'video'],
    ['', 'video'],
  ])('turns %j into %j', (given, expected) => {
    expect(cleanFileName(given)).toBe(expected);
  });

  it('shortens a name to 255 bytes between characters and keeps the extension', () => {
    const name = cleanFileName(`${'é😀'.repeat(100)}.mp4`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    expect(Buffer.byteLength(name)).toBeGreaterThan(248);
    expect(name).toMatch(/^(é😀)+é?\.mp4$/u);
    expect(cleanFileName('x'.repeat(300))).toBe('x'.repeat(255));
    expect(cleanFileName(`${'x'.repeat(251)}.mp4`)).toBe(`${'x'.repeat(251)}.mp4`);
  });
});
