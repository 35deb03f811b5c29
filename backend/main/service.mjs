#!/usr/bin/env node
// The entry point of every service of a cluster: node backend/main/service.mjs auth|converter|gateway|notifier
import { prepareNode } from './prepare-node.mjs';

prepareNode();
switch (process.argv[2]) {
  case 'auth':
    await import('./auth.ts');
    break;
  case 'converter':
    await import('./converter.ts');
    break;
  case 'gateway':
    await import('./gateway.ts');
    break;
  case 'notifier':
    await import('./notifier.ts');
    break;
  default:
    process.stderr.write('Usage: node backend/main/service.mjs auth|converter|gateway|notifier\n');
    process.exitCode = 2;
}
