import { type Conversion, isKnownWarning, type Warning } from '../../shared/api.ts';
import { assertNever, type ErrorCode, errorCodes } from '../../shared/errors.ts';

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

/**
 * Each code's sentence, where whoever failed gave none, and the way out that comes after either. Where there is no `wayOut`, it
 * depends on the reason, whose sentence has it.
 */
const failures: Readonly<Record<ErrorCode, { readonly sentence: string; readonly wayOut?: string }>> = {
  not_media: { sentence: 'This is not a video.', wayOut: 'Check that it plays elsewhere.' },
  no_audio: { sentence: 'There is no sound in it.', wayOut: 'If it plays with sound elsewhere, try another --track.' },
  damaged: { sentence: 'Nothing in it can be decoded.', wayOut: 'Get the file again, or in another format.' },
  too_long: { sentence: 'It is too long.', wayOut: 'Cut it, or raise MAX_DURATION_SECONDS.' },
  timed_out: { sentence: 'It took too long.', wayOut: 'Try again when the computer has less to do.' },
  converter_failed: {
    sentence: 'The converter could not cope with it.',
    wayOut: 'Try again; if it stays so, please report it.',
  },
  bad_request: { sentence: 'The request was not understood.', wayOut: 'Are both sides of one version?' },
  unauthorized: {
    sentence: 'You are not signed in.',
    wayOut: 'Sign in with soundlift login and the address of the server.',
  },
  forbidden: { sentence: 'You are not allowed to do this.' },
  not_found: { sentence: 'It is not there.', wayOut: 'It may have been removed meanwhile; convert the file again.' },
  method_not_allowed: { sentence: 'The server does not do this.', wayOut: 'Are both sides of one version?' },
  request_timeout: { sentence: 'The server waited too long.', wayOut: 'Try again.' },
  wrong_state: { sentence: 'That cannot be done at this point.', wayOut: 'Try again.' },
  taken: { sentence: 'That exists already.', wayOut: 'Choose another.' },
  gone: { sentence: 'It is not kept any more.', wayOut: 'Convert the file again.' },
  wrong_version: { sentence: 'The server speaks another version.', wayOut: 'Are both sides of one version?' },
  too_large: { sentence: 'It is too large.', wayOut: 'Cut it into parts.' },
  unsupported: { sentence: 'That kind is not taken.' },
  range_not_satisfiable: { sentence: 'There is no such part of it.', wayOut: 'Try again.' },
  invalid: { sentence: 'What was asked for does not fit.', wayOut: 'See --help.' },
  locked: { sentence: 'Something else is writing this.', wayOut: 'Try again in a moment.' },
  checksum_mismatch: { sentence: 'What arrived is not what was sent.', wayOut: 'Try again.' },
  headers_too_large: { sentence: 'The request was too large.' },
  too_many: { sentence: 'There were too many requests.', wayOut: 'Wait a little.' },
  internal: { sentence: 'Something went wrong inside Soundlift.', wayOut: 'Please report it.' },
  unavailable: { sentence: 'The backend cannot be reached. Try again.' },
  disk_full: { sentence: 'The disk is full.', wayOut: 'Make room, or give another folder with -o.' },
  source_missing: { sentence: 'There is no such file.', wayOut: 'Check the name.' },
  source_unreadable: { sentence: 'This cannot be read.', wayOut: 'Check who may read it, or give it another name.' },
  target_unwritable: { sentence: 'The MP3 cannot be written there.', wayOut: 'Give another folder with -o.' },
  data_in_use: { sentence: 'Another process works with that folder. Stop it first, or give another with --data.' },
  cancelled: { sentence: 'It was cancelled.', wayOut: 'Convert the file again.' },
  unknown: { sentence: 'It failed for a reason that this version of Soundlift does not know.' },
};

/** Why something failed and what to do about it. `message` is the sentence of whoever failed; it may be empty. */
export function failureWords(code: string, message: string): string {
  const { sentence, wayOut } = failures[errorCodes.find((known) => known === code) ?? 'unknown'];
  return [message || sentence, wayOut].filter((one) => one !== undefined).join(' ');
}

export function warningWords(warning: Warning): string {
  if (!isKnownWarning(warning)) {
    return warning.message ?? `The server warns of something that this version does not know: ${warning.code}.`;
  }
  switch (warning.code) {
    case 'cut_short':
      return (
        `The video breaks off at ${durationWords(warning.atSeconds)} of ${durationWords(warning.ofSeconds)}; ` +
        'what was there is in the MP3. Get the video again if the rest is wanted.'
      );
    case 'gaps':
      return (
        `${warning.count === 1 ? 'A part' : `${warning.count} parts`} could not be read, ` +
        `${warning.count === 1 ? '' : 'the first '}at ${durationWords(warning.atSeconds)}; ` +
        'the rest is in the MP3. Get the video again if it is wanted whole.'
      );
    default:
      return assertNever(warning);
  }
}

/** `1:05:09`, `12:54`, `0:07`. */
export function durationWords(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** `9.4 MB`, decimal as file managers count. */
export function sizeWords(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
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
  if (etaSeconds !== undefined && fraction < 1) parts.push(`${durationWords(Math.ceil(etaSeconds))} left`);
  return parts.join('  ');
}

export function savedWords(source: string, target: string, seconds: number | undefined, bytes: number): string {
  const size = sizeWords(bytes);
  return `${source} -> ${target} (${seconds === undefined ? size : `${durationWords(seconds)}, ${size}`})`;
}

export function summaryWords(saved: number, total: number): string {
  return saved === total ? `All ${total} were converted.` : `${saved} of ${total} were converted.`;
}

export function stoppedWords(saved: number, total: number): string {
  return total === 1 ? 'Stopped.' : `Stopped; ${summaryWords(saved, total)}`;
}
