// Loaded before every script that must not outlive whoever started it. A signal to npm ends npm and the shell between
// us, and tells us nothing; so we look whether our parent is still the one that the address of this module names.
import { isMainThread } from 'node:worker_threads';
import { onParentGone } from './parent-gone.mjs';

const parent = Number(new URL(import.meta.url).searchParams.get('parent'));
// Forked children inherit our `--import`, and have a parent of their own.
if (isMainThread && process.ppid === parent) onParentGone(() => process.kill(process.pid, 'SIGTERM'));
