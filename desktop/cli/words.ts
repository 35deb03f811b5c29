import type { Conversion, Warning } from '../../shared/api.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { type Failure, failureSentence, warningSentence } from '../../shared/words/failure-sentence.ts';
import { clockWords, sizeWords } from '../../shared/words/measures.ts';

/** What the command line says to a person, in one place. */

export const generalHelp = `Soundlift: give it a video, get the sound.

Usage: soundlift COMMAND ...

  convert FILE|FOLDER...   make MP3s of videos
  login URL                sign in to a server, and stay so
  logout                   sign out of it
  list                     what you have there
  cancel ID                stop one of those
  serve                    run the conversion server on this computer
  user add|password|list   the accounts of that server

soundlift COMMAND --help says more. soundlift --version says which version this is.
`;

export const convertHelp = `Usage: soundlift convert FILE|FOLDER... [options]

Makes an MP3 of the sound of each video: talk.mp4 becomes talk.mp3 beside it. A file
that is there already stays; the new one becomes talk (1).mp3. In a folder, and in
those below it, every video and sound file is converted, other than MP3s and what is
hidden. A name that begins with - goes after --.

  -o, --output DIR   put the MP3s into DIR; the folders below a FOLDER are kept
  --bitrate KBPS     constant bit rate, e.g. 128, 192, 320
  --quality 0-9      variable bit rate; 0 is best, 9 smallest, 2 is what you get
                     without either
  --mono             mix down to one channel
  --track N          take the Nth audio track, counted from 0, instead of the one
                     that the video marks as its default
  --server URL       convert on that server, where you have signed in with
                     soundlift login, or as SOUNDLIFT_EMAIL and SOUNDLIFT_PASSWORD
                     say; without, on this computer
  --whole            send each video whole to the server, as is done today anyway
  --overwrite        replace an MP3 of the same name; never a video
  --json             tell what happens as JSON, one event a line
  -h, --help         this

Ends with 0 when all were converted, 1 when any was not, 2 when the command was
misused, 130 when it was stopped (Ctrl-C).
`;

export const loginHelp = `Usage: soundlift login URL

Signs in to the server at URL, e.g. https://sound.example.org, and stays signed in. The
e-mail address and the password are asked for, or taken from SOUNDLIFT_EMAIL and
SOUNDLIFT_PASSWORD. What is kept of it lies in your folder for settings
(SOUNDLIFT_CONFIG moves it), readable by you alone.
`;

export const logoutHelp = `Usage: soundlift logout [--server URL]

Signs out of the server that you signed in to last, or of that one.
`;

export const listHelp = `Usage: soundlift list [--json] [--server URL]

Lists your conversions on the server that you signed in to last, or on that one, newest
first: when each was begun, how far it is, its name and its id.

  --json   as JSON, one conversion a line
`;

export const cancelHelp = `Usage: soundlift cancel ID [--server URL]

Stops a conversion on the server; soundlift list tells the ids.
`;

export function signedInWords(host: string, email: string): string {
  return `Signed in to ${host} as ${email}.`;
}

export function signedOutWords(host: string | undefined): string {
  return host === undefined ? 'You were not signed in.' : `Signed out of ${host}.`;
}

export function plainHttpWords(host: string): string {
  return `Careful: ${host} is reached without encryption. Others on the way can read the password and the videos.`;
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

Runs the conversion server in this process until it is stopped.

  --host H     the address to listen on; 127.0.0.1, this computer alone, unless
               another is given
  --port P     8080 unless another is given; 0 takes any free one
  --data DIR   where accounts, videos and MP3s are kept
  -h, --help   this
`;

/** What a person can do about a failure. Where a code has no entry, the sentence that came with it says so itself. */
const waysOut: Readonly<Partial<Record<ErrorCode, string>>> = {
  not_media: 'Check that it plays in another program.',
  no_audio: 'If it plays with sound in another program, try another --track.',
  damaged: 'Download or copy the file again, or try another format.',
  too_long: 'Cut it into parts, or raise MAX_DURATION_SECONDS.',
  timed_out: 'Try again when the computer is less busy.',
  converter_failed: 'Try again. If it fails again, please report it.',
  bad_request: 'Do server and client have the same version?',
  unauthorized: 'Sign in with soundlift login and the address of the server.',
  not_found: 'It may have been removed. Convert the file again.',
  method_not_allowed: 'Do server and client have the same version?',
  request_timeout: 'Try again.',
  wrong_state: 'Try again.',
  taken: 'Choose another name.',
  gone: 'Convert the file again.',
  wrong_version: 'Do server and client have the same version?',
  too_large: 'Cut it into parts.',
  range_not_satisfiable: 'Try again.',
  invalid: 'See --help.',
  locked: 'Try again in a moment.',
  checksum_mismatch: 'Try again.',
  too_many: 'Wait a moment, then try again.',
  internal: 'Please report it.',
  unavailable: 'Try again.',
  disk_full: 'Free some space, or choose another folder with -o.',
  source_missing: 'Check the name.',
  source_unreadable: 'Check its permissions, or copy it elsewhere.',
  target_unwritable: 'Choose another folder with -o.',
  data_in_use: 'Stop it first, or choose another folder with --data.',
  cancelled: 'Convert the file again.',
};

/** Why something failed, and what a person can do about it. The sentence that came with the failure is used where there is one. */
export function failureWords(failure: Failure): string {
  const wayOut = Object.hasOwn(waysOut, failure.code) ? waysOut[failure.code as ErrorCode] : undefined;
  return [failure.message || failureSentence(failure), wayOut].filter((one) => one !== undefined).join(' ');
}

/** What is wrong with an MP3, and what a person can do about it. */
export function warningWords(warning: Warning): string {
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
