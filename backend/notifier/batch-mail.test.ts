import { describe, expect, it } from 'vitest';
import type { MailedFailure, MailedResult, MailFacts } from '../conversions/outbox-mails.ts';
import { batchMail } from './batch-mail.ts';
import { dayWords, oneLine } from './mail-words.ts';

const context = { url: 'https://sound.example.org', host: 'sound.example.org', now: new Date('2026-03-13T00:00:00Z') };

function result(fileName: string, seconds = 61, bytes = 1_000_000, given: Partial<MailedResult> = {}): MailedResult {
  return { id: '66f1c0de0a', fileName, seconds, bytes, warnings: [], ...given };
}

function failure(fileName: string, given: Partial<MailedFailure['error']> = {}): MailedFailure {
  return { fileName, error: { code: 'no_audio', message: 'Said by the converter.', ...given } };
}

function facts(given: Partial<MailFacts> = {}): MailFacts {
  const { results = [], failures = [] } = given;
  const counts = { done: results.length, failed: failures.length, cutShort: 0, withGaps: 0 };
  return { batchId: '7d20', results, failures, ...counts, ...given };
}

const mixed = facts({
  results: [
    result('Lecture 12 – Fourier series.mp3', 2892, 66_000_000, { id: '66f1c0de0a' }),
    result('Holiday 2024-08-14.mp3', 3320, 76_000_000, { id: '66f1c0de0b' }),
    result('محاضرة ١٢ – مقدمة.mp3', 3160, 72_000_000, { id: '66f1c0de0c' }),
    result('Interview, raw.mp3', 1860, 42_000_000, { id: '66f1c0de0d' }),
    result('GX010042.mp3', 718, 17_000_000, { id: '66f1c0de0e' }),
  ],
  failures: [failure('Drone, harbour at dawn.mp4')],
  keptUntil: new Date('2026-04-12T09:00:00Z'),
});

describe('the mail of a batch', () => {
  it('says in text what was converted and what was not, in columns', () => {
    const { subject, text } = batchMail(mixed, context);
    expect(subject).toBe('5 videos converted, 1 not');
    expect(text).toBe(`5 videos are converted. Open Soundlift to have them in your folder.

  Lecture 12 – Fourier series.mp3    48:12   66 MB   66f1c0de0a
  Holiday 2024-08-14.mp3             55:20   76 MB   66f1c0de0b
  محاضرة ١٢ – مقدمة.mp3              52:40   72 MB   66f1c0de0c
  Interview, raw.mp3                 31:00   42 MB   66f1c0de0d
  GX010042.mp3                       11:58   17 MB   66f1c0de0e

1 could not be converted:

  Drone, harbour at dawn.mp4         This video has no sound.

Open Soundlift:  https://sound.example.org/open/b/7d20
Kept on the server until 12 April.

With a script: curl -H "Authorization: Bearer TOKEN" -o out.mp3 "https://sound.example.org/download?fid=ID"

-- 
Sent by sound.example.org because e-mail is switched on in Soundlift, under Settings.
`);
  });

  it('says the same in HTML, each name in its own direction', () => {
    const { html } = batchMail(mixed, context);
    expect(html).toContain('<title>5 videos converted, 1 not</title>');
    expect(html).toContain('<h1 dir="auto">5 videos converted</h1>');
    expect(html).toContain('<h2>1 could not be converted</h2>');
    expect(html).toContain(
      '<tr><td dir="auto" align="left">محاضرة ١٢ – مقدمة.mp3<br><span class="id" dir="ltr">66f1c0de0c</span></td><td class="n">52:40<br>72 MB</td></tr>',
    );
    expect(html).toContain('Drone, harbour at dawn.mp4<br><span class="why" dir="ltr">This video has no sound.</span>');
    expect(html).toContain('<a class="go" href="https://sound.example.org/open/b/7d20">Open Soundlift</a>');
    expect(html).toContain('Kept on the server until 12 April. Sent by sound.example.org');
  });

  it('loads nothing from anywhere', () => {
    const { html } = batchMail(mixed, context);
    expect(html).not.toMatch(/<(?:img|link|script|iframe|base|form)|src=|url\(|@import/i);
    expect([...html.matchAll(/https?:/g)]).toHaveLength(1);
  });

  it('contains no markup, line break or change of direction from a name', () => {
    const evil = '</td><script>alert(1)</script>"\'&amp;\r\nBcc: eve@example.com\u202Egpj.mp3\u2066\0\u2028.\ud800';
    const mail = batchMail(
      facts({
        results: [result(evil, 1, 1, { id: '<b>"id"' })],
        failures: [failure(evil)],
        batchId: '"><script>\'/../?#\ud800',
      }),
      { ...context, host: '<host>"' },
    );
    expect(mail.html).not.toMatch(/<script|<b>|<host>/);
    expect(mail.html).toContain(
      '&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp; Bcc: eve@example.com',
    );
    expect(mail.html).toContain('/open/b/%22%3E%3Cscript%3E&#39;%2F..%2F%3F%23%EF%BF%BD"');
    for (const part of [mail.subject, mail.text, mail.html]) {
      expect(part).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u2028\0\r]/);
      expect(part.isWellFormed()).toBe(true);
    }
    expect(mail.text.split('\n').filter((line) => line.startsWith('Bcc'))).toEqual([]);
    const alone = batchMail(facts({ results: [result(evil)] }), context);
    expect(alone.subject).not.toMatch(/[\p{Cc}\u202E]/u);
  });

  it('of thousands of files names a hundred, and says how many more there are', () => {
    const results = Array.from({ length: 100 }, (_, index) => result(`video ${index}.mp3`));
    const failures = Array.from({ length: 100 }, (_, index) => failure(`video ${index}.mp4`));
    const { subject, text, html } = batchMail(facts({ results, done: 5000, failures, failed: 120 }), context);
    expect(subject).toBe('5,000 videos converted, 120 not');
    expect(text).toContain('\n  and 4,900 more\n');
    expect(text).toContain('\n  and 20 more\n');
    expect(html).toContain('<td class="more" colspan="2">and 4,900 more</td>');
    expect(html).toContain('<td class="more" colspan="1">and 20 more</td>');
    // Some mail readers truncate longer mails.
    expect(Buffer.byteLength(html)).toBeLessThan(100_000);
  });

  it('with a very long name keeps the other columns readable', () => {
    const { text } = batchMail(facts({ results: [result('x'.repeat(250)), result('short.mp3')] }), context);
    expect(text).toMatch(/^ {2}short\.mp3 {43}1:01 {3}1 MB/m);
  });
});

const cut = { code: 'cut_short', atSeconds: 760, ofSeconds: 3312 } as const;
const gaps = { code: 'gaps', atSeconds: 760, count: 3 } as const;

it.each<[string, Partial<MailFacts>]>([
  ['talk.mp3 is ready', { results: [result('talk.mp3')] }],
  ['talk.mp3 is ready, but breaks off early', { results: [result('talk.mp3')], cutShort: 1 }],
  ['talk.mp3 is ready, but has gaps', { results: [result('talk.mp3')], withGaps: 1 }],
  ['talk.mp4 could not be converted', { failures: [failure('talk.mp4')] }],
  ['2 videos converted', { results: [result('a'), result('b')] }],
  ['1 video converted, 1 not', { results: [result('a')], failures: [failure('b')] }],
  ['2 videos could not be converted', { failures: [failure('a'), failure('b')] }],
  ['5 videos converted, 1 breaks off early', { results: [result('a')], done: 5, cutShort: 1 }],
  ['5 videos converted, 2 break off early, 1 has gaps, 3 not', { done: 5, cutShort: 2, withGaps: 1, failed: 3 }],
  ['5 videos converted, 2 have gaps', { done: 5, withGaps: 2 }],
])('is called “%s”', (subject, given) => {
  expect(batchMail(facts(given), context).subject).toBe(subject);
});

it('names a single file, and says what is missing from it', () => {
  const { text, html } = batchMail(
    facts({ results: [result('talk.mp3', 61, 1e6, { warnings: [cut, gaps] })], cutShort: 1 }),
    context,
  );
  expect(text).toMatch(/^talk\.mp3 is ready\. Open Soundlift to have it in your folder\.\n/);
  expect(text).toContain(
    '\n    The video breaks off at 12:40 of 55:12.\n    3 parts could not be read, the first at 12:40.\n',
  );
  expect(html).toContain('<span class="flaw" dir="ltr">The video breaks off at 12:40 of 55:12.</span>');
});

it('offers no download if all failed', () => {
  const { text, html } = batchMail(facts({ failures: [failure('talk.mp4')] }), context);
  expect(text).toMatch(/^1 video could not be converted:\n/);
  expect(text).not.toMatch(/Kept|curl|in your folder/);
  expect(html).toContain('<h1>1 video could not be converted</h1>');
});

it('names the year of a day only if it is not the current year', () => {
  expect(dayWords(new Date('2026-04-12T23:59:00Z'), context.now)).toBe('12 April');
  expect(dayWords(new Date('2027-01-02T00:00:00Z'), context.now)).toBe('2 January 2027');
});

it('does not change a name that is on one line', () => {
  expect(oneLine('  محاضرة – Übung 音 👩‍👩‍👧.mp3')).toBe('محاضرة – Übung 音 👩‍👩‍👧.mp3');
});
