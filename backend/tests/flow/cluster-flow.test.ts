import { startClusterBackend } from './cluster-backend.ts';
import { describeFlow } from './flow.ts';

describeFlow('a cluster', startClusterBackend);
