import type { ReactNode } from 'react';
import { splitName } from './split-name.ts';

/** A file name in its own writing direction, cut in the middle if it does not fit. The tooltip is the whole name. */
export function FileName({ name }: { readonly name: string }): ReactNode {
  const [start, end] = splitName(name);
  return (
    <span className="name" dir="auto" title={name}>
      <span>{start}</span>
      <span>{end}</span>
    </span>
  );
}
