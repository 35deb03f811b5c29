import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Tool } from './tools.ts';

const root = join(import.meta.dirname, '..', '..');

interface Outcome {
  readonly passed: boolean;
  readonly output: string;
  readonly seconds: number;
}

/**
 * Runs the tools side by side and prints a line for each as it ends, with the output of those that failed.
 * @param print takes a text of whole lines
 * @returns the names of those that failed
 */
export async function runChecks(tools: readonly Tool[], print: (text: string) => void): Promise<readonly string[]> {
  const widest = Math.max(...tools.map(({ name }) => name.length));
  const failures = await Promise.all(
    tools.map(async (tool) => {
      const { passed, output, seconds } = await run(tool);
      print(`${passed ? 'passed' : 'FAILED'}  ${tool.name.padEnd(widest)}  ${seconds.toFixed(1)} s\n`);
      if (!passed) print(`${output.trimEnd()}\n\n`);
      return passed ? [] : [tool.name];
    }),
  );
  return failures.flat();
}

async function run(tool: Tool): Promise<Outcome> {
  const started = performance.now();
  const child = spawn(process.execPath, [tool.script, ...tool.args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal !== null) output += `ended by ${signal}\n`;
      resolve({ passed: code === 0, output, seconds: (performance.now() - started) / 1000 });
    });
  });
}
