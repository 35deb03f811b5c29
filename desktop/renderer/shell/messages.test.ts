import { describe, expect, it } from 'vitest';
import { dropTitle } from './dragged-files.ts';
import { joinMessages } from './join-messages.ts';

describe('dragged files', () => {
  const video = { kind: 'file', type: 'video/mp4' };
  it('are counted as videos if all are known to be videos, otherwise as files', () => {
    expect(dropTitle([video, video, { kind: 'string', type: 'text/uri-list' }])).toBe('Drop to convert 2 videos');
    expect(dropTitle([video])).toBe('Drop to convert 1 video');
    expect(dropTitle([video, { kind: 'file', type: '' }])).toBe('Drop to convert 2 files');
    expect(dropTitle([{ kind: 'file', type: '' }])).toBe('Drop to convert 1 file');
  });

  it('are not counted if the system gives no types', () => {
    expect(dropTitle([])).toBe('Drop to convert');
  });
});

describe('messages of the same second', () => {
  it('are joined to sentences, without repetitions', () => {
    expect(joinMessages(['5 videos added', 'No connection', '5 videos added'])).toBe('5 videos added. No connection');
    expect(joinMessages(['Drone.mp4: This video has no sound.', 'Connected'])).toBe(
      'Drone.mp4: This video has no sound. Connected',
    );
    expect(joinMessages([])).toBe('');
  });
});
