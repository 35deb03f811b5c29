// Only for the compiler: a name that the stand-in has and Electron's types do not is a type error. Names that begin with `__` are the
// stand-in's own.
import type * as Real from 'electron';
import type * as StandIn from './electron.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a class with whatever constructor
type Class = abstract new (...args: any) => any;
type Extra<Ours, Theirs> = Exclude<keyof Ours, keyof Theirs | `__${string}`> & string;
type ExtraOf<Ours, Theirs> = Ours extends Class
  ? Theirs extends Class
    ? Extra<InstanceType<Ours>, InstanceType<Theirs>> | Extra<Ours, Theirs>
    : never
  : Extra<Ours, Theirs>;
type Names = Exclude<keyof typeof StandIn, 'default' | 'module.exports'>;
type Invented = {
  [Name in Names]: Name extends keyof typeof Real
    ? `${Name}.${ExtraOf<(typeof StandIn)[Name], (typeof Real)[Name]>}`
    : Name;
}[Names];

const none = <_Nothing extends never>(): void => {};
none<Invented>();
