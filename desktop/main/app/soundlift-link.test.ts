import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseSoundliftLink } from './soundlift-link.ts';

it.each(['7d20', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'my_batch'])('a link names its batch: %s', (batchId) => {
  expect(parseSoundliftLink(`soundlift://b/${batchId}`)).toEqual({ batchId });
  // Browsers add it.
  expect(parseSoundliftLink(`soundlift://b/${batchId}/`)).toEqual({ batchId });
});

it.each([
  '',
  'soundlift:',
  'soundlift://b',
  'soundlift://b/',
  'soundlift:b/7d20',
  'SOUNDLIFT://b/7d20',
  'soundlift://c/7d20',
  'soundlift://b/../../etc/passwd',
  'soundlift://b/%2e%2e',
  'soundlift://b/7d20/more',
  'soundlift://b/7d20?then=x',
  'soundlift://b/7d20#x',
  'soundlift://user:pass@b/7d20',
  'soundlift://b:80/7d20',
  ' soundlift://b/7d20',
  'soundlift://b/7d20\n--flag',
  'soundlift://b/7d20 --flag',
  'soundlift://b/７d20',
  'soundlift://b/<img>',
  `soundlift://b/${'a'.repeat(201)}`,
  'https://example.org/soundlift://b/7d20',
])('%j is not one of our links', (link) => {
  expect(parseSoundliftLink(link)).toBeUndefined();
});

it('the id of a batch contains only letters, digits, hyphens and underscores', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `soundlift://b/${text}`),
      ),
      (text) => {
        const link = parseSoundliftLink(text);
        if (link !== undefined) expect(link.batchId).toMatch(/^[A-Za-z0-9_-]+$/);
      },
    ),
  );
});
