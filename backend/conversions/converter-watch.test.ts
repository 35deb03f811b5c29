import { expect, it } from 'vitest';
import type { ScannedRow } from '../ports/conversion-store.ts';
import { type ConverterWatch, watchConverters } from './converter-watch.ts';

/** In one round, each conversion as `ID@CONVERTER`, with `!` if its holder has raised the lease since the last round. */
type Round = readonly string[];

interface Scene {
  readonly watch: ConverterWatch;
  play(rounds: readonly Round[]): void;
  /** Plays the last round, and looks whether the loss of this conversion counts. */
  countsIn(round: Round, id: string): boolean;
}

function scene(): Scene {
  const watch = watchConverters();
  const revisions = new Map<string, number>();

  function look(round: Round): Map<string, ScannedRow> {
    const rows = new Map<string, ScannedRow>();
    for (const each of round) {
      const [id = '', converter = ''] = each.replace('!', '').split('@');
      revisions.set(id, (revisions.get(id) ?? 0) + (each.endsWith('!') ? 1 : 0));
      const row = { ...{ id, converter, owner: 'anna', state: 'converting', attempt: 1 }, source: { kind: 'blob' } };
      rows.set(id, { ...row, revision: revisions.get(id) } as ScannedRow);
    }
    for (const row of rows.values()) watch.look(row);
    return rows;
  }

  return {
    watch,
    play(rounds) {
      for (const round of rounds) {
        watch.beginRound();
        look(round);
        watch.endRound();
      }
    },
    countsIn(round, id) {
      watch.beginRound();
      const row = look(round).get(id);
      if (row === undefined) throw new Error(`${id} is not in the round`);
      return watch.counts(row);
    },
  };
}

it.each<[string, boolean, readonly Round[], Round?]>([
  ['the only converter that works', true, [[], ['a@1!'], ['a@1!'], ['a@1'], ['a@1']]],
  ['a converter that was lost before it raised its lease', true, [[], ['a@1'], ['a@1'], ['a@1']]],
  ['one converter, while another goes on', true, [['b@2!'], ['a@1!', 'b@2!'], ['a@1', 'b@2!'], ['a@1', 'b@2!']]],
  [
    'one converter, while another goes on and is late',
    true,
    [['b@2!'], ['a@1!', 'b@2!'], ['a@1', 'b@2'], ['a@1', 'b@2!']],
  ],
  ['one converter, as another has just ended its work', true, [['b@2!'], ['a@1!', 'b@2!'], ['a@1'], ['a@1']]],
  [
    'one converter, after another was lost',
    true,
    [['c@2!'], ['c@2'], ['c@2'], ['a@1!', 'c@2'], ['a@1!'], ['a@1'], ['a@1']],
  ],
  [
    'one converter with several conversions',
    true,
    [[], ['a@1!', 'b@1!'], ['a@1', 'b@1!'], ['a@1', 'b@1'], ['a@1', 'b@1']],
  ],
  [
    'all converters at once',
    false,
    [
      ['a@1', 'b@2'],
      ['a@1!', 'b@2!'],
      ['a@1', 'b@2'],
      ['a@1', 'b@2'],
    ],
  ],
  [
    'all converters at once, another a round later',
    false,
    [
      ['a@1', 'b@2'],
      ['a@1!', 'b@2!'],
      ['a@1', 'b@2!'],
      ['a@1', 'b@2'],
    ],
    ['a@1', 'b@2'],
  ],
  [
    'all converters at once, another a round earlier',
    false,
    [
      ['a@1', 'b@2'],
      ['a@1!', 'b@2!'],
      ['a@1!', 'b@2'],
      ['a@1', 'b@2'],
    ],
    ['a@1'],
  ],
  [
    'all converters at once, while new ones have begun',
    false,
    [
      ['a@1', 'b@2'],
      ['a@1!', 'b@2!'],
      ['a@1', 'b@2', 'c@3!'],
      ['a@1', 'b@2', 'c@3!'],
    ],
  ],
  ['a converter of which nobody saw that it lived', false, [['a@1'], ['a@1'], ['a@1']]],
])('the loss of %s: counts %s', (_what, counts, rounds, last = rounds.at(-1) ?? []) => {
  const { play, countsIn } = scene();
  play(rounds);
  expect(countsIn(last, 'a')).toBe(counts);
});

it('a loss that came with an outage of the store does not count', () => {
  const { watch, play, countsIn } = scene();
  play([['a@1!'], ['a@1!'], ['a@1']]);
  // A round that does not end.
  watch.beginRound();
  play([['a@1'], ['a@1'], ['a@1']]);
  expect(countsIn(['a@1'], 'a')).toBe(false);
});
