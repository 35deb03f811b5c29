import { describeStrainedCluster } from './describe-strained-cluster.ts';

// Each two that work on the same thing are two hours apart.
describeStrainedCluster({ auth: [1, -1], gateway: [-1, 1], converter: [-1], notifier: [1] }, { heldSeconds: 5 });
