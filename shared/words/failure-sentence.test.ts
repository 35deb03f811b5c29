import { expect, it } from 'vitest';
import { errorCodes } from '../errors.ts';
import { type Failure, failure, failureSentence, trackFailureSentence, warningSentence } from './failure-sentence.ts';

it.each<[Failure, string]>([
  [{ code: 'not_media' }, "This isn't a video or audio file."],
  [{ code: 'no_audio' }, 'This video has no sound.'],
  [{ code: 'no_audio', message: 'There is no track 3.', details: { track: 3, tracks: 1 } }, 'There is no track 3.'],
  [{ code: 'damaged' }, 'Its audio cannot be read.'],
  [{ code: 'too_long', details: { limitSeconds: 14_400 } }, 'Longer than the 4 hours that HOST accepts.'],
  [{ code: 'too_long', details: { limitSeconds: 5400 } }, 'Longer than the 1 hour 30 minutes that HOST accepts.'],
  [{ code: 'too_long' }, 'Longer than HOST accepts.'],
  [{ code: 'too_large', details: { limitBytes: 20e9 } }, 'Larger than the 20 GB that HOST accepts.'],
  [{ code: 'timed_out' }, 'Took too long and was stopped.'],
  [{ code: 'converter_failed', details: { atSeconds: 760 } }, 'The conversion stopped at 12:40.'],
  [{ code: 'converter_failed' }, 'The conversion stopped.'],
  [{ code: 'unavailable' }, "HOST isn't responding."],
])('explains %j: %s', (what, sentence) => {
  expect(failureSentence(what, 'HOST')).toBe(sentence);
});

it.each(errorCodes)('has a sentence for %s, on this computer and on a server', (code) => {
  for (const host of [undefined, 'sound.example.org']) {
    expect(failureSentence({ code }, host)).toMatch(/^[A-Zs].*\.$/u);
  }
  expect(failure(code).message).toBe(failureSentence({ code }));
});

it('shows the message of a code that it does not know', () => {
  expect(failureSentence({ code: 'solar_storm', message: 'The sun is in the way.' })).toBe('The sun is in the way.');
  expect(failureSentence({ code: 'toString' })).toBe(
    'This computer gave a reason that this version of Soundlift does not know.',
  );
});

it('says that another track may work, where there is one', () => {
  expect(trackFailureSentence('no_audio', 2)).toBe('Its audio track is empty. The video has a second one.');
  expect(trackFailureSentence('damaged', 3)).toBe('Its audio track is damaged. The video has others.');
  expect(trackFailureSentence('damaged', 1)).toBeUndefined();
  expect(trackFailureSentence('timed_out', 2)).toBeUndefined();
});

it('says of a warning where it is', () => {
  expect(warningSentence({ code: 'cut_short', atSeconds: 12.9, ofSeconds: 28.4 })).toBe(
    'The video breaks off at 0:13 of 0:28.',
  );
  expect(warningSentence({ code: 'gaps', atSeconds: 3661, count: 1 })).toBe('1 part could not be read, at 1:01:01.');
  expect(warningSentence({ code: 'gaps', atSeconds: 61, count: 3 })).toBe(
    '3 parts could not be read, the first at 1:01.',
  );
});
