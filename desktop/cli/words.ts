import { type Conversion, isKnownWarning, type Warning } from '../../shared/api.ts';
import { warningSentence } from '../../shared/words/failure-sentence.ts';
import { clockWords, sizeWords } from '../../shared/words/measures.ts';

/** All texts of the command line. */

export const generalHelp = `Soundlift: give it a video, get the sound.

Usage: soundlift COMMAND ...

  convert FILE|FOLDER...   convert videos to MP3s
  login URL                sign in to a server and stay signed in
  logout                   sign out
  list                     list your conversions on the server
  cancel ID                stop one of them
  serve                    run a conversion server on this computer
  user add|password|list   manage the accounts of that server
  dead list|retry|drop     what a server with RabbitMQ has given up on

See soundlift COMMAND --help for more. soundlift --version shows the version.
`;

export const convertHelp = `Usage: soundlift convert FILE|FOLDER... [options]

Makes an MP3 of each video: talk.mp4 becomes talk.mp3 next to it. An existing file
is kept, and the new one becomes talk (1).mp3. In a folder and its subfolders, every
video and audio file is converted, except MP3s and hidden files. Put a name that
begins with - after --.

  -o, --output DIR   put the MP3s into DIR; subfolders of a FOLDER are kept. For one
                     video, it may name the MP3: -o talks/one.mp3
  --bitrate KBPS     constant bitrate, e.g. 128, 192, 320
  --quality 0-9      variable bitrate; 0 is best, 9 is smallest, the default is 2
  --mono             mix down to one channel
  --track N          use this audio track instead of the one that the video marks as
                     default; 0 is the first one, 1 the second
  --server URL       convert on that server instead of this computer; sign in with
                     soundlift login, or set SOUNDLIFT_EMAIL and SOUNDLIFT_PASSWORD
  --overwrite        replace an MP3 of the same name; never a video
  -j, --jobs N       convert N videos at once; the default is the number of cores
  -q, --quiet        show only failures and warnings
  --json             write events as JSON, one per line
  -h, --help         show this

Exit codes: 0 all were converted, 1 any failed, 2 the command was misused, 130 it
was stopped (Ctrl-C).
`;

export const loginHelp = `Usage: soundlift login URL

Signs in to the server at URL, e.g. https://sound.example.org, and stays signed in. Asks
for the e-mail address and the password, or takes them from SOUNDLIFT_EMAIL and
SOUNDLIFT_PASSWORD. The sign-in is stored in your config folder (SOUNDLIFT_CONFIG
moves it), readable by you only.
`;

export const logoutHelp = `Usage: soundlift logout [--server URL]

Signs out of the server at URL, or of the one that you signed in to last.
`;

export const listHelp = `Usage: soundlift list [--json] [--server URL]

Lists your conversions on the server at URL, or on the one that you signed in to last,
newest first: start time, state, progress, name and id.

  --json   write JSON, one conversion per line
`;

export const cancelHelp = `Usage: soundlift cancel ID [--server URL]

Stops a conversion on the server. soundlift list shows the ids.
`;

export function signedInWords(host: string, email: string): string {
  return `Signed in to ${host} as ${email}.`;
}

export function signedOutWords(host: string | undefined): string {
  return host === undefined ? 'You were not signed in.' : `Signed out of ${host}.`;
}

export function plainHttpWords(host: string): string {
  return `Warning: the connection to ${host} is not encrypted. Others on the network can read the password and the videos.`;
}

export const nothingListedWords = 'Nothing there yet.';

export function cancelledWords(fileName: string): string {
  return `Cancelled ${fileName}.`;
}

/** `2026-05-04 03:02  converting  42%  talk.mp4  ID`, the time in the person's own zone. */
export function listWords({ createdAt, state, progress, fileName, id }: Conversion): string {
  const percent = state === 'converting' || state === 'uploading' ? `${Math.floor(progress * 100)}%` : '';
  return `${timeWords(new Date(createdAt))}  ${state.padEnd(10)} ${percent.padStart(4)}  ${fileName}  ${id}`;
}

function timeWords(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(two).join('-');
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

export const serveHelp = `Usage: soundlift serve [--host H] [--port P] [--data DIR]

Runs a conversion server until it is stopped.

  --host H     the address to listen on; the default is 127.0.0.1, this computer only
  --port P     the default is 8080; 0 means any free one
  --data DIR   the folder for accounts, videos and MP3s
  -h, --help   show this

The other settings are environment variables: see SETTINGS.md.
`;

export const deadHelp = `Usage: soundlift dead list [--json]      list the dead letters
       soundlift dead retry ID|--all     convert again what they name
       soundlift dead drop ID|--all      remove them

A dead letter is a message in RabbitMQ that nobody works on any more. It names a
conversion that was given up because ffmpeg or the converter ended each time, or it is
a message of some other program. retry queues the failed conversion again and removes
its dead letter. ID is the first one of a line of the list, or the id of a conversion.

  --json       with list: write JSON, one dead letter per line
  -h, --help   show this

Needs RABBITMQ_URL and MONGODB_URL, and VIDEO_QUEUE and MP3_QUEUE if the services have
them: see SETTINGS.md.
`;

/** `ID  2026-05-04 03:02  video.dead  conversion ID  CAUSE`, the time in the person's own zone. */
export function deadLetterWords(letter: {
  readonly id: string;
  readonly queue: string;
  readonly cause: string;
  readonly conversionId?: string;
  readonly at?: string;
}): string {
  const { id, queue, cause, conversionId, at } = letter;
  const time = at === undefined ? 'at some time   ' : timeWords(new Date(at));
  const named = conversionId === undefined ? 'no conversion' : `conversion ${conversionId}`;
  return `${id}  ${time}  ${queue}  ${named}  ${cause}`;
}

export const noDeadLettersWords = 'There are no dead letters.';

export function retriedWords(conversionId: string): string {
  return `Queued the conversion ${conversionId} again.`;
}

export function droppedWords(count: number): string {
  return count === 1 ? 'Removed 1 dead letter.' : `Removed ${count} dead letters.`;
}

/** What is wrong with an MP3, and what a person can do about it. */
export function warningWords(warning: Warning): string {
  if (!isKnownWarning(warning)) return warningSentence(warning);
  const rest = warning.code === 'cut_short' ? 'The MP3 has everything up to there.' : 'The MP3 has the rest.';
  return `${warningSentence(warning)} ${rest} Download or copy the video again for the whole.`;
}

/** `42%  3 of 40  23x  1:05 left`, of what is known. `speed` is seconds of sound a second. */
export function progressWords(
  fraction: number,
  ended: number,
  total: number,
  speed: number | undefined,
  etaSeconds: number | undefined,
): string {
  const parts = [`${Math.floor(fraction * 100)}%`.padStart(4)];
  if (total > 1) parts.push(`${ended} of ${total}`);
  if (speed !== undefined) parts.push(`${speed >= 10 ? Math.round(speed) : speed.toFixed(1)}x`);
  if (etaSeconds !== undefined && fraction < 1) parts.push(`${clockWords(Math.ceil(etaSeconds))} left`);
  return parts.join('  ');
}

export function savedWords(source: string, target: string, seconds: number | undefined, bytes: number): string {
  const size = sizeWords(bytes);
  return `${source} -> ${target} (${seconds === undefined ? size : `${clockWords(seconds)}, ${size}`})`;
}

export function summaryWords(saved: number, total: number): string {
  return saved === total ? `All ${total} were converted.` : `${saved} of ${total} were converted.`;
}

export function stoppedWords(saved: number, total: number): string {
  return total === 1 ? 'Stopped.' : `Stopped; ${summaryWords(saved, total)}`;
}
