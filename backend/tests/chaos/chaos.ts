import { copyFile, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { makeMailedAccount } from '../mail/mailed-account.ts';
import { openMediaFolder } from '../media/make-media.ts';
import type { ApiClient } from '../running/api-client.ts';
import { createSeededRandom, type SeededRandom } from '../stress/seeded-random.ts';
import { type ChaosCluster, type ChaosService, startChaosCluster } from './chaos-cluster.ts';
import { type Fault, faultsOfLines, faultsOfServers, faultsOfServices, longFreeze } from './chaos-faults.ts';
import { type ChaosJob, makeChaosSources, makeJob, persons, planJobs } from './chaos-workload.ts';
import { createPhaseKills, phases } from './phase-kills.ts';
import { probeGateways } from './prober.ts';
import { sendVideo } from './send-video.ts';
import { expectSettledCluster } from './settled-cluster.ts';
import { watchAnswers } from './watched-answers.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly conversions: number;
  /** How long to send them. Every fault happens at least once, whatever this is. */
  readonly minutes: number;
  /** Takes one line for people. */
  readonly say: (line: string) => void;
}

/** What people were told, over the whole run. */
export interface ChaosLedger {
  readonly accounts: readonly ApiClient[];
  /** By the id of the conversion. */
  readonly acknowledged: ReadonlyMap<string, ChaosJob>;
  /** Names of files that may also have been accepted, once more. */
  readonly doubtful: ReadonlySet<string>;
}

const sendingAtOnce = 6;

/** Disturbs a cluster in every way while five people send videos, then lets it finish. Throws if anything was lost, repeated or left. */
export async function runChaos({ seed, conversions, minutes, say }: ChaosOptions): Promise<void> {
  const began = performance.now();
  const elapsed = (): string => `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const violations: string[] = [];
  const violate = (what: string): void => {
    if (violations.length < 100) violations.push(`after ${elapsed()}: ${what}`);
  };
  const random = createSeededRandom(seed);
  await using opened = new AsyncDisposableStack();
  const media = opened.use(await openMediaFolder());
  const [sources, cluster] = await Promise.all([makeChaosSources(media), startChaosCluster(violate)]);
  opened.use(cluster);
  opened.defer(async () => {
    if (violations.length > 0) say(`the logs of the services are in ${await keepLogs(cluster)}`);
  });
  const mongo = opened.use(new MongoClient(cluster.servers.environment.MONGODB_URL));
  const gateways = cluster.named('gateway');
  const accounts = await makeAccounts(cluster);
  say(`the cluster runs after ${elapsed()}`);

  const answers = watchAnswers(violate);
  const acknowledged = new Map<string, ChaosJob>();
  const doubtful = new Set<string>();
  const doubt = ({ fileName }: ChaosJob): void => void doubtful.add(fileName);
  const sending = new Set<Promise<void>>();
  async function send(job: ChaosJob, gateway?: ChaosService): Promise<void> {
    const token = accounts[job.person]?.token ?? '';
    const id = await sendVideo(job, token, { gateways, answers, random, doubt }, gateway);
    acknowledged.set(id, job);
  }
  function begin(job: ChaosJob, gateway?: ChaosService): Promise<void> {
    const one = send(job, gateway)
      .catch((error: unknown) => violate(`sending failed: ${String(error)}`))
      .finally(() => sending.delete(one));
    sending.add(one);
    return one;
  }

  const killIn = createPhaseKills({
    cluster,
    mongo,
    random,
    sources,
    send: (job, gateway) => void begin(job, gateway),
  });
  const faultsParts = {
    cluster,
    random,
    answers,
    killIn,
    sendOne: () => begin(makeJob(0, random.pick(sources))),
    acknowledged: () => [...acknowledged.keys()],
    violate,
  };
  const counts = new Map<string, number>();
  const until = performance.now() + minutes * 60_000;
  const over = new AbortController();
  const probing = probeGateways(gateways, accounts[0]?.token ?? '', answers, over.signal);

  /** Each of these faults in a random order, and again until the time is up. */
  async function disturb(makeFaults: () => readonly Fault[]): Promise<void> {
    for (let isFirst = true; isFirst || performance.now() < until; isFirst = false) {
      for (const fault of shuffled(makeFaults(), random)) {
        if (!isFirst && performance.now() >= until) return;
        await happen(fault);
        if (minutes > 0) await delay(random.between(0, 3000));
      }
    }
  }
  async function happen({ name, happen: run }: Fault): Promise<boolean> {
    const start = elapsed();
    try {
      await run();
      counts.set(name, (counts.get(name) ?? 0) + 1);
      say(`${start} to ${elapsed()}: ${name}`);
      return true;
    } catch (error) {
      say(`${start} to ${elapsed()}: ${name} did not come about: ${String(error)}`);
      return false;
    }
  }

  const ofServices = (): readonly Fault[] => faultsOfServices(faultsParts);
  const ofServers = (): readonly Fault[] => faultsOfServers(faultsParts);
  // In a short run, a server that is away would only delay the phases.
  const disturbing = minutes > 0 ? [ofServices, ofServers] : [() => [...ofServices(), ...ofServers()]];
  const jobs = planJobs(conversions - phases.length, sources, random);
  const pace = (minutes * 60_000) / Math.max(1, jobs.length);
  async function sendAll(): Promise<void> {
    for (const job of jobs) {
      while (sending.size >= sendingAtOnce) await Promise.race(sending);
      void begin(job);
      await delay(random.between(0, 2 * pace));
    }
  }

  await Promise.all([
    sendAll(),
    ...disturbing.map(disturb),
    disturb(() => faultsOfLines(faultsParts)),
    disturb(() => [longFreeze(faultsParts)]),
  ]);
  // A phase that another fault kept away.
  for (const phase of phases) {
    const name = `kill while ${phase}`;
    for (let times = 0; times < 3 && !counts.has(name); times += 1) await happen({ name, happen: () => killIn(phase) });
    if (!counts.has(name)) violate(`no kill while ${phase}`);
  }
  while (sending.size > 0) await Promise.race(sending);
  // Everybody looks for work after that. Otherwise it can take a minute until a lost ticket is published again.
  if (minutes === 0) for (const { lines } of cluster.services) lines.rabbit.cut();
  say(`all ${acknowledged.size} conversions are acknowledged after ${elapsed()}`);
  await Promise.all(cluster.services.map((service) => service.settle()));
  await expectSettledCluster({ cluster, mongo, ledger: { accounts, acknowledged, doubtful }, violate, say }).catch(
    (error: unknown) => violate(String(error)),
  );
  over.abort();
  await probing;
  for (const [name, times] of [...counts].toSorted(([one], [other]) => one.localeCompare(other)))
    say(`${times} × ${name}`);
  say(answers.summary());
  say(`the end after ${elapsed()}`);
  if (violations.length > 0) throw new Error(`seed ${seed}: ${violations.length} violations\n${violations.join('\n')}`);
}

async function keepLogs({ running: { folder } }: ChaosCluster): Promise<string> {
  const kept = await mkdtemp(join(tmpdir(), 'soundlift-chaos-logs-'));
  for (const name of await readdir(folder)) {
    if (name.endsWith('.log')) await copyFile(join(folder, name), join(kept, name));
  }
  return kept;
}

async function makeAccounts({ running, mailServer }: ChaosCluster): Promise<readonly ApiClient[]> {
  const url = (): string => running.nextGatewayUrl();
  const accounts: ApiClient[] = [];
  for (let person = 0; person < persons; person += 1) {
    accounts.push(await makeMailedAccount({ url, email: `person-${person}@example.com` }, mailServer));
  }
  return accounts;
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): readonly Item[] {
  return items
    .map((item) => ({ item, at: random.fraction() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
