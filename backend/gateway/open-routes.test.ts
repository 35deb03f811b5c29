import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from '../tests/test-gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
});

async function page(id: string): Promise<{ readonly answer: Response; readonly html: string }> {
  const answer = await fetch(`${gateway.url}/open/b/${id}`);
  return { answer, html: await answer.text() };
}

it('the page opens the batch in the app, and says what to do without the app', async () => {
  const { answer, html } = await page('019df5a1-2f10.7d_20~');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(html).toContain('<a href="soundlift://b/019df5a1-2f10.7d_20~">Open Soundlift</a>');
  expect(html).toContain('<meta http-equiv="refresh" content="0; url=soundlift://b/019df5a1-2f10.7d_20~">');
  expect(html).toContain('Without the app');
});

it('the page is the same whether or not the batch exists', async () => {
  const { id } = await (await gateway.account()).upload('some bytes');
  const [known, unknown] = [await page(id), await page('never-there')];
  expect(known.html.replaceAll(id, 'ID')).toBe(unknown.html.replaceAll('never-there', 'ID'));
  expect(known.answer.status).toBe(unknown.answer.status);
});

it('the page allows only its own style', async () => {
  const { answer, html } = await page('7d20');
  const style = /<style>([^]*)<\/style>/.exec(html)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(answer.headers.get('content-security-policy')).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  expect(html).not.toMatch(/<script|style="|<img|<link|https?:\/\//);
});

it.each([
  '"><script>alert(1)</script>',
  "' onmouseover='alert(1)",
  '"; url=javascript:alert(1)',
  '0;url=https://evil.example',
  '../../download?fid=1#x',
  '&quot;&gt;',
  '{{7*7}}`${7*7}`',
  'Übung – 音',
])('the id %s appears only within the link', async (id) => {
  const { answer, html } = await page(encodeURIComponent(id));
  expect(answer.status).toBe(200);
  const plain = (await page('ID')).html;
  const inLink = encodeURIComponent(id).replaceAll("'", '%27');
  expect(html).toBe(plain.replaceAll('soundlift://b/ID', `soundlift://b/${inLink}`));
  expect(inLink).toMatch(/^[A-Za-z0-9_.!~*()%-]+$/);
});

it.each([`${'x'.repeat(201)}`, 'a%0d%0aSet-Cookie:x', '%00', 'a%09b'])('refuses the batch id %s', async (id) => {
  const { answer, html } = await page(id);
  expect(answer.status).toBe(404);
  expect(html).toContain('"not_found"');
});
