import { setTimeout } from 'node:timers/promises';
import { isAppError } from '../../../shared/errors.ts';
import { isSqliteBusy, type SqliteDatabase } from './sqlite-database.ts';
import type { CallKind } from './store-calls.ts';

/** The most calls in one transaction. More would delay the first of them. */
const mostInGroup = 200;
/** How often a write is tried again while another process writes, and for how long. Clients wait longer than that for an answer. */
const busyPauseMilliseconds = 20;
const busyMilliseconds = 15_000;
/** The pause after room was made on a full disk, and was not enough. */
const fullPauseMilliseconds = 10;

/** Makes space for a call that does not fit on the disk, for the nth time (from 0). Returns false if no more can be made. */
export type MakeRoom = (times: number) => boolean;

/**
 * Runs calls to the stores of one database, in the order in which they were added. All that wait at a time are one transaction,
 * with one sync of the disk. A call ends after that, so what it has written is durable, and what it has read as well.
 */
export interface CommitGroups {
  /** `call` must not wait for anything. A `list` runs by itself, because it cannot be repeated. */
  add(kind: CallKind, call: () => Promise<unknown>): Promise<unknown>;
  /** Resolves once all calls added before have ended. */
  idle(): Promise<void>;
}

interface Job {
  readonly kind: CallKind;
  readonly call: () => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = PromiseSettledResult<unknown>;

export function groupCommits(database: SqliteDatabase, makeRoom: MakeRoom): CommitGroups {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rollback = database.prepare('ROLLBACK');
  let waiting: Job[] = [];
  let running: Promise<void> | undefined;

  function takeGroup(): readonly Job[] {
    const list = waiting.findIndex(({ kind }) => kind === 'list');
    const most = list === -1 ? mostInGroup : Math.min(mostInGroup, Math.max(list, 1));
    return waiting.splice(0, most);
  }

  async function runAll(): Promise<void> {
    // All requests that have already arrived are handled before this.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const group = takeGroup();
      if (group.some(({ kind }) => kind === 'write')) await runGroup(group);
      else await runEach(group);
    }
    running = undefined;
  }

  async function runGroup(group: readonly Job[]): Promise<void> {
    let left = group;
    const until = performance.now() + busyMilliseconds;
    for (;;) {
      try {
        begin.run();
        break;
      } catch (error) {
        // Each call gets its own error.
        if (!isBusy(error) || performance.now() >= until) return await runEach(left);
      }
      // Only writes must wait for the other process.
      await runEach(left.filter(({ kind }) => kind !== 'write'));
      left = left.filter(({ kind }) => kind === 'write');
      await setTimeout(busyPauseMilliseconds);
      const reads = waiting.filter(({ kind }) => kind !== 'write');
      waiting = waiting.filter(({ kind }) => kind === 'write');
      await runEach(reads);
    }
    const outcomes = await runInTransaction(left);
    if (outcomes === undefined) return await runEach(left);
    for (const [index, outcome] of outcomes.entries()) settle(left[index], outcome);
  }

  /** Undefined if nothing was written: the transaction could not be committed, for example because the disk is full. */
  async function runInTransaction(group: readonly Job[]): Promise<readonly Outcome[] | undefined> {
    const outcomes: Outcome[] = [];
    try {
      for (const { call } of group) {
        const outcome = await outcomeOf(call);
        // Some errors roll back the whole transaction: https://www.sqlite.org/lang_transaction.html
        if (!database.isTransaction()) return undefined;
        if (isFull(outcome)) {
          rollback.run();
          return undefined;
        }
        outcomes.push(outcome);
      }
      commit.run();
      return outcomes;
    } catch {
      if (database.isTransaction()) rollback.run();
      return undefined;
    }
  }

  /** Runs each call by itself: what it writes is durable or not, whatever becomes of the others. */
  async function runEach(group: readonly Job[]): Promise<void> {
    for (const job of group) settle(job, await runOne(job));
  }

  async function runOne({ kind, call }: Job): Promise<Outcome> {
    for (let times = 0; ; times += 1) {
      const outcome = await outcomeOf(call);
      if (kind !== 'write' || !isFull(outcome) || !makeRoom(times)) return outcome;
      // Another program takes what is given up. Perhaps it stops.
      if (times > 1) await setTimeout(fullPauseMilliseconds);
    }
  }

  return {
    add(kind, call) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      waiting.push({ kind, call, resolve, reject });
      running ??= runAll();
      return promise;
    },
    async idle() {
      while (running !== undefined) await running;
    },
  };
}

async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  const [outcome] = await Promise.allSettled([call()]);
  return outcome;
}

function isFull(outcome: Outcome): boolean {
  return outcome.status === 'rejected' && isAppError(outcome.reason, 'disk_full');
}

function settle(job: Job | undefined, outcome: Outcome): void {
  if (outcome.status === 'fulfilled') job?.resolve(outcome.value);
  else job?.reject(outcome.reason);
}

function isBusy(error: unknown): boolean {
  return isAppError(error, 'unavailable') && isSqliteBusy(error.cause);
}
