import { startClusterBackend } from './cluster-backend.ts';
import { describeClusterFaults } from './cluster-faults-flow.ts';
import { describeFlow } from './flow.ts';

describeFlow('a cluster', startClusterBackend, describeClusterFaults);
