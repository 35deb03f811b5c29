// npm run check: types, lint, format, unused code.
import { runChecks } from './run-checks.ts';
import { checks } from './tools.ts';

const failures = await runChecks(checks, (text) => process.stdout.write(text));
process.exitCode = failures.length === 0 ? 0 : 1;
