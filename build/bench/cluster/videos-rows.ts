import { join } from 'node:path';
import { twoOfEverything } from '../../../backend/tests/running/running-cluster.ts';
import { video } from '../bench-media.ts';
import { measurePair } from '../measure.ts';
import type { Row } from '../row.ts';
import { measureServer, measureXargs } from '../server-row.ts';
import { startMeasuredCluster } from './start-measured-cluster.ts';

const converters = 2;
/** Fewer than in other rows, because each round takes long. */
const rounds = 3;

export const videosThroughCluster: Row = {
  name: 'cluster-videos',
  what: `40 videos of 60 s, uploaded to a cluster of two gateways and ${converters} converters, and their MP3s downloaded`,
  against: `xargs -P ${converters} ffmpeg`,
  async measure(folder) {
    const videos = 40;
    const source = await video(60);
    await using cluster = await startMeasuredCluster(twoOfEverything);
    const account = await cluster.makeAccount();
    let serversSeconds = 0;
    const pair = await measurePair(
      rounds,
      async () => {
        const before = await cluster.serversCpuSeconds();
        const cost = await measureServer({ ...cluster, videos }, account, source, join(folder, 'fetched'));
        serversSeconds += (await cluster.serversCpuSeconds()) - before;
        return cost;
      },
      () => measureXargs(source, join(folder, 'peer'), videos, converters),
    );
    const throughput = pair.peer.wallSeconds / pair.ours.wallSeconds;
    return {
      ...pair,
      notes: [
        `${throughput.toFixed(2)} of its throughput`,
        `the CPU is the services’ and their ffmpegs’; MySQL, MongoDB and RabbitMQ used ${(serversSeconds / rounds).toFixed(2)} s on the same machine`,
      ],
    };
  },
};

export const oneAndTwoConverters: Row = {
  name: 'cluster-converters',
  what: `20 videos of 60 s through a cluster with ${converters} converters`,
  against: 'one converter',
  async measure(folder) {
    const videos = 20;
    const source = await video(60);
    await using both = await startMeasuredCluster(twoOfEverything);
    const account = await both.makeAccount();
    const second = both.running.named('converter')[1];
    const measure = () => measureServer({ ...both, videos }, account, source, join(folder, 'fetched'));
    const pair = await measurePair(rounds, measure, async () => {
      await second?.process().stop();
      const cost = await measure();
      await second?.start();
      return cost;
    });
    const speedUp = (pair.peer.wallSeconds / pair.ours.wallSeconds).toFixed(2);
    const perMinute = (seconds: number): string => ((videos / seconds) * 60).toFixed(0);
    return {
      ...pair,
      notes: [
        `${speedUp} times its throughput: ${perMinute(pair.ours.wallSeconds)} videos a minute against ${perMinute(pair.peer.wallSeconds)}`,
      ],
    };
  },
};
