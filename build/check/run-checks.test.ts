import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runChecks } from './run-checks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-checks-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function tool(name: string, code: string, args: readonly string[] = []) {
  const script = join(folder, `${name}.mjs`);
  await writeFile(script, code);
  return { name, script, args };
}

it('prints a line for each tool, and the output of a tool only if it failed', async () => {
  let printed = '';
  const tools = [
    await tool('fine', "console.log('chatter')"),
    await tool('bad', "console.log('on', process.argv[2]); console.error('line 3: wrong'); process.exitCode = 2", [
      'x',
    ]),
  ];
  const failed = await runChecks(tools, (text) => {
    printed += text;
  });
  expect(failed).toEqual(['bad']);
  expect(printed).toMatch(/^passed {2}fine {2}\d+\.\d s$/m);
  expect(printed).toMatch(/^FAILED {2}bad {3}\d+\.\d s\non x\nline 3: wrong\n$/m);
  expect(printed).not.toContain('chatter');
});

it('counts a tool that was killed as failed', async () => {
  const failed = await runChecks([await tool('killed', "process.kill(process.pid, 'SIGKILL')")], () => {});
  expect(failed).toEqual(['killed']);
});

it('runs the tools at the same time', async () => {
  // Each waits for the other one's file.
  const meet = (mine: string, others: string) => `
    import { existsSync, writeFileSync } from 'node:fs';
    writeFileSync(${JSON.stringify(join(folder, mine))}, '');
    while (!existsSync(${JSON.stringify(join(folder, others))})) await new Promise((r) => setTimeout(r, 10));`;
  expect(await runChecks([await tool('a', meet('1', '2')), await tool('b', meet('2', '1'))], () => {})).toEqual([]);
});
