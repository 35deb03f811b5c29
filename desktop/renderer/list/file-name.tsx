import type { ReactNode } from 'react';
import { splitName } from './split-name.ts';

/** A file's name, cut in the middle where there is no room, in its own direction; the whole of it is the tooltip. */
export function FileName({ name }: { readonly name: string }): ReactNode {
  const [start, end] = splitName(name);
  return (
    <span className="name" dir="auto" title={name}>
      <span>{start}</span>
      <span>{end}</span>
    </span>
  );
}
