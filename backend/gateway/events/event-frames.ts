import type { Hello, ServerEvent, SocketFrame } from '../../../shared/events.ts';

const frames = new WeakMap<ServerEvent, Buffer>();

/** The event as bytes. Each event is encoded only once, for all sockets. */
export function frameOf(event: ServerEvent): Buffer {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const frame = Buffer.from(JSON.stringify(event));
  frames.set(event, frame);
  return frame;
}

/** The first frame. If it would be larger than `maxBytes`, it only tells the client to list instead. */
export function helloFrame(missed: Omit<Hello, 'type'>, maxBytes: number): Buffer {
  const hello: Hello = { type: 'hello', ...missed };
  const frame = Buffer.from(JSON.stringify(hello));
  if (frame.byteLength <= maxBytes) return frame;
  const short: Hello = { ...hello, conversions: [], removed: [], notifications: [], truncated: true };
  return Buffer.from(JSON.stringify(short));
}

export function atFrame(at: string): Buffer {
  const frame: SocketFrame = { type: 'at', at };
  return Buffer.from(JSON.stringify(frame));
}
