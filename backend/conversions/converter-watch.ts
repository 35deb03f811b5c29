import type { ScannedRow } from '../ports/conversion-store.ts';

/** A converter that is alive shows it in one of two rounds that follow each other, since it raises its leases that often. */
const roundsOfSilence = 2;
/** How many rounds a converter without work is remembered. */
const roundsRemembered = 20;

/**
 * Tells the loss of a converter that its conversion may have caused from a restart or an outage, which must not make a conversion fail.
 * A loss counts if both hold:
 *
 * - This process was looking, round after round, since before the loss. So it was no restart of everything, and no outage of the store.
 * - Not all converters that worked were lost at the same moment, or it was the only one that worked.
 */
export interface ConverterWatch {
  /** To be called in each round for each converting row. */
  look(row: ScannedRow): void;
  /** Whether the loss of this row's lease, which is about to be taken over, counts. */
  counts(row: ScannedRow): boolean;
  /** Starts again if the last round did not end: the store could not be reached. */
  beginRound(): void;
  endRound(): void;
  /** Forgets everything. */
  startAgain(): void;
}

/** Numbers of rounds. */
interface Converter {
  /** When it was first seen. */
  readonly since: number;
  /** When it was last seen to write: to take, renew or end a conversion. */
  readonly wroteAt: number;
  /** Whether one of its leases was lost. */
  readonly lost: boolean;
}

interface Lease {
  readonly converter: string;
  readonly revision: number;
  /** The round in which it was first seen at this revision. */
  readonly wroteAt: number;
}

export function watchConverters(): ConverterWatch {
  let round = 0;
  let converters = new Map<string, Converter>();
  let before = new Map<string, Lease>();
  let leases = new Map<string, Lease>();
  let isInRound = false;

  function startAgain(): void {
    round = 0;
    converters = new Map();
    before = new Map();
    leases = new Map();
  }

  function isSilent({ wroteAt }: Lease): boolean {
    return round - wroteAt >= roundsOfSilence;
  }

  function note(name: string, change: Partial<Pick<Converter, 'wroteAt' | 'lost'>>): void {
    const known = converters.get(name) ?? { since: round, wroteAt: round, lost: false };
    converters.set(name, { ...known, ...change });
  }

  return {
    look(row) {
      const converter = row.converter ?? row.id;
      const last = before.get(row.id);
      const isSame = last?.revision === row.revision && last.converter === converter;
      const lease = { converter, revision: row.revision, wroteAt: isSame ? last.wroteAt : round };
      leases.set(row.id, lease);
      if (!isSame) note(converter, { wroteAt: round });
      else if (isSilent(lease)) note(converter, { lost: true });
    },

    counts(row) {
      const lost = leases.get(row.id);
      // In the first round, it may have stood still for long.
      if (lost === undefined || lost.wroteAt === 0) return false;
      const peers = [...converters]
        .filter(([name, { since }]) => name !== lost.converter && since < lost.wroteAt)
        .map(([, converter]) => converter);
      const hasSurvivor = peers.some(({ wroteAt }) => wroteAt >= lost.wroteAt + roundsOfSilence);
      const wentTogether = peers.some((peer) => peer.lost && peer.wroteAt >= lost.wroteAt - 1);
      return hasSurvivor || !wentTogether;
    },

    beginRound() {
      if (isInRound) startAgain();
      isInRound = true;
    },

    endRound() {
      isInRound = false;
      for (const [id, lease] of before) {
        // It ended, or was given back, unless another process took it over.
        if (!leases.has(id) && !isSilent(lease)) note(lease.converter, { wroteAt: round });
      }
      before = leases;
      leases = new Map();
      converters = new Map([...converters].filter(([, { wroteAt }]) => round - wroteAt < roundsRemembered));
      round += 1;
    },

    startAgain,
  };
}
