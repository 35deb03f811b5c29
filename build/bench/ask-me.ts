// Asks a server `GET /me` over and over, until its standard input ends. Then prints in milliseconds how long the answers took, and
// how late its own timers were: what the machine is to blame for.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { percentile } from './measure.ts';

const [url = '', token = ''] = process.argv.slice(2);
const pauseMilliseconds = 20;
const own = monitorEventLoopDelay({ resolution: 5 });
const took: number[] = [];
let isOver = false;
process.stdin.on('end', () => {
  isOver = true;
});
process.stdin.resume();
own.enable();
while (!isOver) {
  const began = performance.now();
  const answer = await fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
  await answer.text();
  if (answer.status !== 200) throw new Error(`GET /me was answered with ${answer.status}`);
  took.push(performance.now() - began);
  await delay(pauseMilliseconds);
}
const told = {
  p50: percentile(took, 50),
  p99: percentile(took, 99),
  idle: own.percentile(99) / 1e6,
  count: took.length,
};
process.stdout.write(JSON.stringify(told));
