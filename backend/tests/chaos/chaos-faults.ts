import { setTimeout as delay } from 'node:timers/promises';
import type { BadLine } from '../running/bad-line.ts';
import { waitUntil } from '../running/wait-until.ts';
import type { SeededRandom } from '../stress/seeded-random.ts';
import type { ChaosCluster, ChaosService } from './chaos-cluster.ts';
import { purgeTickets, repeatMessages } from './message-faults.ts';
import { type Phase, phases } from './phase-kills.ts';
import { probes } from './prober.ts';
import type { WatchedAnswers } from './watched-answers.ts';

/** Something that goes wrong. When `happen` returns, everything runs again, or is being started again. */
export interface Fault {
  readonly name: string;
  happen(): Promise<void>;
}

export interface FaultsParts {
  readonly cluster: ChaosCluster;
  readonly random: SeededRandom;
  readonly answers: WatchedAnswers;
  readonly killIn: (phase: Phase) => Promise<void>;
  /** Resolves once a gateway has acknowledged one more video. */
  readonly sendOne: () => Promise<unknown>;
  /** Ids of conversions that were acknowledged. */
  readonly acknowledged: () => readonly string[];
  readonly violate: (what: string) => void;
}

/** Much longer than anything that this waits for may take, on a busy machine. */
const patienceSeconds = 120;

/** What befalls services, each once. */
export function faultsOfServices({ cluster, random, killIn }: FaultsParts): readonly Fault[] {
  const kill = (service: ChaosService): Fault => ({
    name: `kill ${service.name}`,
    async happen() {
      await service.kill();
    },
  });
  const freeze = (service: ChaosService, low: number, high: number): Fault => ({
    name: `freeze ${service.name}`,
    async happen() {
      await service.freeze(random.between(low, high));
    },
  });
  const [auth, notifier] = [cluster.named('auth'), cluster.named('notifier')];
  const [gateways, converters] = [cluster.named('gateway'), cluster.named('converter')];
  return [
    ...phases.map((phase) => ({ name: `kill while ${phase}`, happen: () => killIn(phase) })),
    ...auth.map(kill),
    kill(random.pick(gateways)),
    kill(random.pick(converters)),
    ...notifier.map((one) => freeze(one, 1, 3)),
    ...auth.map((one) => freeze(one, 1, 3)),
    freeze(random.pick(gateways), 1, 4),
  ];
}

/** Freezes a converter until it has lost its lease. */
export function longFreeze({ cluster, random }: FaultsParts): Fault {
  return {
    name: 'freeze converter',
    async happen() {
      await random.pick(cluster.named('converter')).freeze(random.between(16, 22));
    },
  };
}

/** What befalls servers, and the messages at RabbitMQ, each once. */
export function faultsOfServers(parts: FaultsParts): readonly Fault[] {
  const { cluster, random, answers, sendOne, acknowledged, violate } = parts;
  const { mysql, mongo, rabbit } = cluster.servers;

  /** Waits until a gateway has said that it cannot answer this now. */
  async function refused(probe: string): Promise<void> {
    const since = performance.now();
    await waitUntil(`503 is the answer to ${probe}`, () => answers.wasUnavailable(probe, since), {
      seconds: patienceSeconds,
    }).catch((error: unknown) => violate(String(error)));
  }

  async function sendWithoutBroker(): Promise<void> {
    let isTaken = false;
    void sendOne().then(() => {
      isTaken = true;
    });
    await waitUntil('a video is taken without a broker', () => isTaken, { seconds: patienceSeconds }).catch(
      (error: unknown) => violate(String(error)),
    );
  }

  /** It may take longer to start than its own patience. */
  async function startRabbit(): Promise<void> {
    await rabbit.start().catch(async () => {
      const answersAgain = () => rabbit.manage('overview').then(Boolean, () => false);
      await waitUntil('RabbitMQ answers again', answersAgain, { seconds: patienceSeconds });
    });
  }

  return [
    {
      name: 'kill RabbitMQ',
      async happen() {
        await rabbit.kill();
        await sendWithoutBroker();
        await startRabbit();
      },
    },
    {
      name: 'freeze RabbitMQ',
      async happen() {
        await rabbit.freeze();
        await delay(random.between(1000, 4000));
        await rabbit.thaw();
      },
    },
    {
      name: 'stop MongoDB',
      async happen() {
        await mongo.stop();
        await refused(probes.list);
        await mongo.start();
      },
    },
    {
      name: 'stop MySQL',
      async happen() {
        await mysql.stop();
        await refused(probes.account);
        await mysql.start();
      },
    },
    { name: 'purge the tickets', happen: () => purgeTickets(rabbit, random.between(0.5, 1.5)) },
    {
      name: 'send messages twice',
      happen: () => repeatMessages(rabbit, acknowledged().slice(-10), random.between(0.5, 2)),
    },
  ];
}

/** What befalls the connections between services and servers, each once. */
export function faultsOfLines({ cluster, random }: FaultsParts): readonly Fault[] {
  const anyLine = (): BadLine => {
    const { mysql, mongo, rabbit, auth } = random.pick(cluster.services).lines;
    return random.pick([mysql, mongo, rabbit, auth]);
  };
  return [
    {
      name: 'cut connections',
      async happen() {
        for (let times = 0; times < 5; times += 1) {
          anyLine().cut();
          await delay(random.between(20, 200));
        }
      },
    },
    {
      name: 'lose answers',
      async happen() {
        for (let times = 0; times < 5; times += 1) {
          const line = anyLine();
          line.deaf = true;
          await delay(random.between(50, 400));
          line.cut();
          line.deaf = false;
        }
      },
    },
    {
      name: 'delay answers',
      async happen() {
        const lines = [anyLine(), anyLine(), anyLine()];
        for (const line of lines) line.stalled = true;
        await delay(random.between(500, 4000));
        for (const line of lines) line.stalled = false;
      },
    },
  ];
}
