import fc from 'fast-check';

/**
 * What somebody does while everyone else does something too; `target` counts the conversions. A converter takes the one whose turn
 * it is.
 */
export type Actor =
  | {
      readonly kind: 'convert';
      readonly fate: 'finish' | 'fail' | 'release' | 'die' | 'stall';
    }
  | { readonly kind: 'cancel' | 'retry' | 'remove'; readonly target: number }
  | { readonly kind: 'notify' }
  /** Checks the rows this many times, five seconds apart. */
  | { readonly kind: 'sweep'; readonly rounds: number };

export interface Plan {
  /** For each conversion: whether it belongs to the one batch. */
  readonly inBatch: readonly boolean[];
  readonly batchSizeKnown: boolean;
  /** Whether the next message on a queue is lost. Used in turn, until the actors are done. */
  readonly losses: readonly boolean[];
  readonly actors: readonly Actor[];
}

const target = fc.nat({ max: 2 });
const actor: fc.Arbitrary<Actor> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('convert' as const),
      fate: fc.constantFrom('finish' as const, 'fail' as const, 'release' as const, 'die' as const, 'stall' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'retry' as const, 'remove' as const), target }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'notify' as const }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('sweep' as const), rounds: fc.integer({ min: 1, max: 6 }) }) },
);

export const plans: fc.Arbitrary<Plan> = fc.record({
  inBatch: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  batchSizeKnown: fc.boolean(),
  losses: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
  actors: fc.array(actor, { minLength: 2, maxLength: 12 }),
});
