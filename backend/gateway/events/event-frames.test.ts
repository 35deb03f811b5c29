import { describe, expect, it } from 'vitest';
import type { Hello, ServerEvent } from '../../../shared/events.ts';
import { frameOf, helloFrame } from './event-frames.ts';

describe('the frame of an event', () => {
  it('is encoded once for all sockets', () => {
    const event: ServerEvent = { type: 'read', ids: ['Übung'] };
    expect(JSON.parse(frameOf(event).toString())).toEqual(event);
    expect(frameOf(event)).toBe(frameOf(event));
    expect(frameOf({ ...event })).not.toBe(frameOf(event));
  });
});

describe('the first frame', () => {
  const missed: Omit<Hello, 'type'> = {
    conversions: [],
    removed: ['ü'.repeat(100)],
    notifications: [],
    at: 'a_b',
    truncated: false,
  };
  const bytes = Buffer.byteLength(JSON.stringify({ type: 'hello', ...missed }));

  it('contains everything up to the limit in bytes', () => {
    expect(JSON.parse(helloFrame(missed, bytes).toString())).toEqual({ type: 'hello', ...missed });
  });

  it('beyond the limit says that the client must list, and gives its change position', () => {
    const hello = { type: 'hello', conversions: [], removed: [], notifications: [], at: 'a_b', truncated: true };
    expect(JSON.parse(helloFrame(missed, bytes - 1).toString())).toEqual(hello);
  });
});
