import fc from 'fast-check';

/** Which of the two sets of services a request reaches. */
export type SetIndex = 0 | 1;

/** What a video is sent in pieces of. */
export const chunkBytes = 16;

/** One request that adds to a resumable upload, at the offset that the server names. It does not wait for the one before it. */
export interface PiecePlan {
  readonly set: SetIndex;
  /** How many steps others make before it begins. */
  readonly after: number;
  /** How many chunks it sends at most. */
  readonly chunks: number;
  /**
   * `cut`: the connection breaks off after half of it. `hang`: the client falls silent after half of it, and the connection stays.
   * `noise`: with a checksum, and with wrong bytes on the way. `plain` and `checked`: it comes as it is, without or with a checksum.
   */
  readonly fate: 'plain' | 'checked' | 'cut' | 'hang' | 'noise';
}

/** What somebody wants of a conversion after it was begun. */
export interface Wish {
  readonly set: SetIndex;
  readonly what: 'cancel' | 'retry' | 'remove';
}

export interface PersonPlan {
  /** How long the video is. */
  readonly chunks: number;
  readonly way: 'form' | 'resumable';
  /** Where the upload is begun. */
  readonly set: SetIndex;
  readonly pieces: readonly PiecePlan[];
  readonly wishes: readonly Wish[];
}

/** One set stands still, as a process that was stopped, while the other one takes over what it held. */
export interface Freeze {
  readonly set: SetIndex;
  /** How many steps others make before it begins. */
  readonly after: number;
  /** How many steps others make after the other set has taken over, before it ends. */
  readonly steps: number;
}

export interface Plan {
  readonly people: readonly PersonPlan[];
  readonly freezes: readonly Freeze[];
}

const set = fc.constantFrom<SetIndex>(0, 1);

const piece: fc.Arbitrary<PiecePlan> = fc.record({
  set,
  after: fc.nat({ max: 60 }),
  chunks: fc.integer({ min: 1, max: 4 }),
  fate: fc.constantFrom('plain', 'checked', 'cut', 'hang', 'noise'),
});

const person: fc.Arbitrary<PersonPlan> = fc.record({
  chunks: fc.integer({ min: 0, max: 4 }),
  way: fc.oneof(
    { weight: 1, arbitrary: fc.constant('form' as const) },
    { weight: 3, arbitrary: fc.constant('resumable' as const) },
  ),
  set,
  pieces: fc.array(piece, { maxLength: 5 }),
  wishes: fc.array(
    fc.record({
      set,
      what: fc.constantFrom<Wish['what']>('cancel', 'retry', 'retry', 'remove'),
    }),
    {
      maxLength: 2,
    },
  ),
});

/** One after the other. */
const freezes: fc.Arbitrary<readonly Freeze[]> = fc.array(
  fc.record({
    set,
    after: fc.integer({ min: 5, max: 120 }),
    steps: fc.integer({ min: 5, max: 60 }),
  }),
  { minLength: 2, maxLength: 4 },
);

function plansOf(people: number, person: fc.Arbitrary<PersonPlan>): fc.Arbitrary<Plan> {
  return fc.record({ people: fc.array(person, { minLength: people, maxLength: people }), freezes });
}

/** Five people at once. */
export const plans = plansOf(5, person);

/** Writers of three uploads, whose pieces are often wrong, that lose their leases again and again. */
export const plansOfLostWriters = plansOf(
  3,
  fc.record({
    chunks: fc.constant(4),
    way: fc.constant('resumable' as const),
    set,
    pieces: fc.array(
      fc.record({
        set,
        after: fc.nat({ max: 250 }),
        chunks: fc.constantFrom(1, 2, 4),
        fate: fc.constantFrom('noise' as const, 'noise' as const, 'plain' as const),
      }),
      { minLength: 4, maxLength: 8 },
    ),
    wishes: fc.constant([]),
  }),
);
