import { describeStrainedCluster } from './describe-strained-cluster.ts';

// The other way round, with two of everything, and longer than a lease.
describeStrainedCluster(
  { auth: [-1, 1], gateway: [1, -1], converter: [1, -1], notifier: [-1, 1] },
  { heldSeconds: 40 },
);
