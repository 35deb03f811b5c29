// Converts as a well-known microservice exercise does: the whole video is read into memory and written to a temporary file, one ffmpeg
// decodes it to PCM, another encodes what comes through a pipe, and the whole MP3 is read into memory again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const [source = '', target = ''] = process.argv.slice(2);

const whole = await readFile(source);
await writeFile(`${target}.video`, whole);
const pcm = ['-f', 's16le', '-ar', '44100', '-ac', '2'];
const quiet = ['-v', 'error', '-nostdin'];
const decoder = spawn('ffmpeg', [...quiet, '-i', `${target}.video`, '-vn', ...pcm, '-'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const encoder = spawn('ffmpeg', ['-v', 'error', ...pcm, '-i', '-', '-c:a', 'libmp3lame', '-q:a', '2', target], {
  stdio: ['pipe', 'ignore', 'inherit'],
});
const ended = [decoder, encoder].map((child) => once(child, 'close'));
await pipeline(decoder.stdout, encoder.stdin);
for (const [code] of await Promise.all(ended)) if (code !== 0) process.exitCode = 1;
const result = await readFile(target);
process.stdout.write(`${whole.byteLength} bytes of video, ${result.byteLength} bytes of MP3\n`);
