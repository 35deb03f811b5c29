import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { passwordReader } from './read-password.ts';

const noInput = new PassThrough();

it('takes the password from the environment without asking', async () => {
  const output = new PassThrough();
  expect(await passwordReader({ given: 'from outside', input: noInput, output })('Password: ')).toBe('from outside');
  expect(output.read()).toBeNull();
});

it('does not wait for an answer when there is no terminal', async () => {
  const read = passwordReader({ given: undefined, input: noInput, output: new PassThrough() });
  await expect(read('Password: ')).rejects.toMatchObject({ code: 'invalid', message: /SOUNDLIFT_PASSWORD/ });
});

/** Types `keys` into a program that asks for a password on its own terminal. Returns everything that the terminal showed. */
async function type(keys: string): Promise<string> {
  const module = JSON.stringify(new URL('./read-password.ts', import.meta.url).href);
  const program = `
    import { passwordReader } from ${module};
    const read = passwordReader({ given: undefined, input: process.stdin, output: process.stderr });
    await read('Password: ').then(
      (password) => console.log('as hex: ' + Buffer.from(password).toString('hex')),
      (error) => console.log(error.code),
    );`;
  // util-linux's `script` makes the terminal; it is on every Debian.
  const command = `'${process.execPath}' --input-type=module -e '${program.replaceAll("'", `'\\''`)}'`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    shown += String(text);
    if (shown.endsWith('Password: ')) child.stdin.write(keys);
  });
  await once(child, 'close');
  return shown;
}

describe.runIf(process.platform === 'linux')('on a terminal', () => {
  it('asks on the terminal and shows nothing of what is typed', async () => {
    const shown = await type('sécret word\r');
    expect(shown).toContain(`as hex: ${Buffer.from('sécret word').toString('hex')}`);
    expect(shown).toMatch(/^Password: \r?\nas hex: [0-9a-f]+\r?\n$/);
  });

  it('accepts corrections with backspace and Ctrl-U', async () => {
    expect(await type('wrong\u0015secrex\u007ft\r')).toContain(`as hex: ${Buffer.from('secret').toString('hex')}`);
  });

  it.each(['half\u0003', '\u0004'])('gives up on Ctrl-C and on the end of the input (%j)', async (keys) => {
    expect(await type(keys)).toMatch(/^Password: \r?\ncancelled\r?\n$/);
  });
});
