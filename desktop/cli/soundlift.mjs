#!/usr/bin/env node
// The entry point of the command line.
import { prepareNode } from '../../backend/main/prepare-node.mjs';

prepareNode();
const { runCommandLine } = await import('./command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2));
