import type { Hello, ServerEvent } from '../../../shared/events.ts';

const frames = new WeakMap<ServerEvent, Buffer>();

/** An event as bytes. It is encoded once, however many sockets it goes to. */
export function frameOf(event: ServerEvent): Buffer {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const frame = Buffer.from(JSON.stringify(event));
  frames.set(event, frame);
  return frame;
}

/** The first frame. If it were larger than `maxBytes`, it says instead that the client must list. */
export function helloFrame(missed: Omit<Hello, 'type'>, maxBytes: number): Buffer {
  const hello: Hello = { type: 'hello', ...missed };
  const frame = Buffer.from(JSON.stringify(hello));
  if (frame.byteLength <= maxBytes) return frame;
  const short: Hello = { ...hello, conversions: [], removed: [], notifications: [], truncated: true };
  return Buffer.from(JSON.stringify(short));
}
