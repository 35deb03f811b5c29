import { pino } from 'pino';
import { parseConfig } from '../../config.ts';
import { createOwnerSide } from '../../conversions/conversions.ts';
import { openClusterParts } from '../../main/cluster-parts.ts';

/** Lets this process tidy a cluster once, as a gateway does every hour, unless a gateway does so now. */
export async function sweepCluster(environment: Readonly<Record<string, string>>): Promise<void> {
  const { signal } = new AbortController();
  await using parts = await openClusterParts(parseConfig(environment), pino({ level: 'silent' }), { signal });
  const retention = { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 };
  const side = createOwnerSide({ ...parts, store: parts.conversions, retention });
  await side.sweeper.tidy();
  side.close();
}
