import { describe, expect, it } from 'vitest';
import { userCommandHelp } from '../../backend/main/admin.ts';
import { errorCodes } from '../../shared/errors.ts';
import { sharedMessages } from '../../shared/words/en.ts';
import { sayShared } from '../../shared/words/say.ts';
import { failureWords } from './failure-words.ts';
import { cancelHelp, convertHelp, listHelp, loginHelp, logoutHelp, serveHelp } from './words.ts';

const helps = {
  convert: convertHelp,
  login: loginHelp,
  logout: logoutHelp,
  list: listHelp,
  cancel: cancelHelp,
  serve: serveHelp,
  user: userCommandHelp,
};

function optionsIn(text: string): readonly string[] {
  return text.match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [];
}

/** Every sentence of the catalogue, with some values in it. */
const sentences = Object.keys(sharedMessages).map((name) => {
  const names = { host: 'h', Host: 'H', at: '0:01', of: '0:02', limit: '1 hour', list: 'aac', code: 'x', folder: 'f' };
  const parts = { time: '1 s', part: '1', whole: '2', speed: '1' };
  const numbers = { tracks: 2, count: 2, hours: 1, minutes: 1, seconds: 1, percent: 1 };
  return sayShared(name as keyof typeof sharedMessages, { ...names, ...parts, ...numbers });
});

describe('the words of a failure', () => {
  it.each(Object.entries(helps))('name no option that %s does not have, whatever has failed', (command, help) => {
    const options = new Set(['--help', ...optionsIn(help)]);
    for (const code of errorCodes) {
      for (const message of [undefined, ...sentences]) {
        for (const onServer of [false, true]) {
          const words = failureWords({ code, ...(message === undefined ? {} : { message }) }, command, onServer);
          expect(optionsIn(words).filter((option) => !options.has(option))).toEqual([]);
        }
      }
    }
  });

  it('name no option but --help where the command is not known', () => {
    for (const code of errorCodes) {
      expect(optionsIn(failureWords({ code }, undefined)).filter((option) => option !== '--help')).toEqual([]);
    }
  });

  it.each(errorCodes)('are whole sentences for %s, with or without a message', (code) => {
    for (const command of [undefined, ...Object.keys(helps)]) {
      expect(failureWords({ code }, command)).toMatch(/^[A-Z].*[.?]$/);
      expect(failureWords({ code, message: 'There are three reasons.' }, command)).toMatch(
        /^There are three reasons\./,
      );
    }
  });

  it('show the message of a code that they do not know', () => {
    const storm = { code: 'solar_storm', message: 'The sun is in the way.' };
    expect(failureWords(storm, 'convert')).toBe('The sun is in the way.');
    expect(failureWords({ code: 'constructor' }, 'convert')).toMatch(
      /a reason that this version of Soundlift does not know/,
    );
  });

  it.each([
    ['source_missing', sayShared('failSourceAddress'), 'Download the video, then convert the file.'],
    ['too_long', sayShared('failTooLongPlain', { host: 'h' }), 'Cut it into parts, or raise MAX_DURATION_SECONDS.'],
    ['not_media', sayShared('failEmpty'), 'Check that the download finished.'],
    ['not_media', sayShared('failIncomplete'), 'Download or copy it again.'],
    ['not_media', sayShared('failNotMedia'), 'Check that it plays in another program.'],
    ['source_unreadable', sayShared('failNotFileNorFolder'), 'Give a video or audio file, or a folder with some.'],
    ['source_unreadable', sayShared('failSourceForbidden'), 'Check its permissions, or copy it elsewhere.'],
    [
      'source_missing',
      sayShared('failFolderEmpty'),
      'MP3s and hidden files in it are left out; to convert one, name it.',
    ],
    ['no_audio', sayShared('failNoAudio'), 'Check that it plays with sound in another program.'],
    ['no_audio', sayShared('failEmptyTrack'), 'Check that it plays with sound in another program.'],
    ['no_audio', sayShared('failNoAudioTrack', { tracks: 2 }), 'Choose another one with --track.'],
    ['damaged', sayShared('failDamagedTrack', { tracks: 5 }), 'Choose another one with --track.'],
    ['no_audio', `${sayShared('failNoSuchTrack')} It has 2: aac, ac3.`, 'The first one is --track 0.'],
  ])('say what can be done about %s: %s', (code, message, wayOut) => {
    expect(failureWords({ code, message }, 'convert')).toBe(`${message} ${wayOut}`);
  });

  it.each([
    ['too_long', 'It is too long.', 'Cut it into parts.'],
    ['disk_full', sayShared('failDiskFull', { host: 'h' }), 'Try again later.'],
    ['disk_full', sayShared('failTargetDiskFull'), 'Free some space, then try again.'],
    ['disk_full', sayShared('failTargetDiskFullIn', { folder: '/f' }), 'Free some space, then try again.'],
  ])('advise nothing about %s that only the owner of a server can do: %s', (code, message, wayOut) => {
    expect(failureWords({ code, message }, 'convert', true)).toBe(`${message} ${wayOut}`);
  });

  it('add nothing to a sentence that says what to do, or to a wrong password', () => {
    const inUse = 'Soundlift is already running with this data folder. Stop it first, or use another folder.';
    expect(failureWords({ code: 'data_in_use', message: inUse }, 'serve')).toBe(inUse);
    const taken = 'Port 8080 is taken by another program; choose another port.';
    expect(failureWords({ code: 'unavailable', message: taken }, 'serve')).toBe(taken);
    const unknownHost = sayShared('failNoServer', { host: 'h' });
    expect(failureWords({ code: 'unavailable', message: unknownHost }, 'login')).toBe(unknownHost);
    const wrong = sayShared('failWrongPassword');
    for (const command of Object.keys(helps)) {
      expect(failureWords({ code: 'unauthorized', message: wrong }, command)).toBe(wrong);
    }
  });

  it('ask nobody to sign in who is doing that', () => {
    expect(failureWords({ code: 'unauthorized', message: 'No.' }, 'login')).toBe('No.');
    expect(failureWords({ code: 'unauthorized', message: 'No.' }, 'list')).toMatch(
      /^No\. Sign in with soundlift login/,
    );
  });
});
