import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../shared/errors.ts';
import { parseConfig, type SettingName, type SystemFacts } from './config.ts';

const linux: SystemFacts = { platform: 'linux', homeFolder: '/home/me', currentFolder: '/videos', cores: 6 };

function parse(environment: Record<string, string> = {}, flags = {}, system = linux) {
  return parseConfig(environment, flags, system);
}

const secrets = ['kLw2-9dPq7-uYx4-0zRt6-mNb8-vHs3-', 'a forest of 12 quiet pines and nobody in it'] as const;

/** A value for each variable that is not its default. */
const everySetting: Readonly<Record<SettingName, string>> = {
  HOST: '[::1]',
  PORT: '0',
  PUBLIC_URL: 'https://sound.example/',
  TRUSTED_PROXIES: '10.0.0.0/8, ::1',
  SOUNDLIFT_DATA: '/var/lib/soundlift',
  JWT_SECRET: secrets.join(','),
  LOGIN_TOKEN_SECONDS: '60',
  SIGN_UP: 'closed',
  AUTH_URL: 'http://auth:8081/',
  MYSQL_URL: 'mysql://auth_user:word@mysql/auth',
  MONGODB_URL: 'mongodb://mongodb/soundlift',
  RABBITMQ_URL: 'amqp://soundlift:word@rabbitmq',
  VIDEO_QUEUE: 'films',
  MP3_QUEUE: 'sounds',
  SMTP_URL: 'smtps://me:word@mail.example:465',
  MAIL_FROM: 'Soundlift <no-reply@sound.example>',
  METRICS_PORT: '9090',
  METRICS_HOST: '[::]',
  // This has only one value.
  KEEP_SOURCE: 'until-done',
  FFMPEG_PATH: '/opt/ffmpeg',
  MAX_UPLOAD_BYTES: '1000',
  MAX_DURATION_SECONDS: '600',
  KEEP_RESULT_DAYS: '2',
  CONVERTER_CONCURRENCY: '3',
  LOG_LEVEL: 'debug',
};

const webUrl = 'a URL that begins with http:// or https://, without a user name, a password, a query or a fragment.';
const badUrls = [
  'ftp://x',
  'auth:8081',
  'http://',
  'http://a b',
  ' https://x',
  'https://x/?',
  'https://x/?q=1',
  'https://x#f',
  'https://x/#',
  'https://me@x',
  'https://me:word@x/',
  'https://x\t.example',
];

function refusal(environment: Record<string, string>, flags = {}): string {
  try {
    parse(environment, flags);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

describe('parseConfig', () => {
  it('has a default for everything', () => {
    expect(parse()).toEqual({
      host: '127.0.0.1',
      port: 8080,
      loopback: true,
      trustedProxies: [],
      dataFolder: '/home/me/.local/share/soundlift',
      loginTokenSeconds: 86_400,
      signUp: 'open',
      maxUploadBytes: 20_000_000_000,
      maxDurationSeconds: 43_200,
      metricsHost: '127.0.0.1',
      videoQueue: 'video',
      mp3Queue: 'mp3',
      keepResultDays: 30,
      converterConcurrency: 6,
      logLevel: 'info',
    });
  });

  it('reads every setting', () => {
    expect(parse(everySetting)).toEqual({
      host: '::1',
      port: 0,
      loopback: true,
      publicUrl: 'https://sound.example',
      trustedProxies: ['10.0.0.0/8', '::1'],
      dataFolder: '/var/lib/soundlift',
      jwtSecrets: secrets,
      loginTokenSeconds: 60,
      signUp: 'closed',
      authUrl: 'http://auth:8081',
      mysqlUrl: 'mysql://auth_user:word@mysql/auth',
      mongodbUrl: 'mongodb://mongodb/soundlift',
      rabbitmqUrl: 'amqp://soundlift:word@rabbitmq',
      videoQueue: 'films',
      mp3Queue: 'sounds',
      smtpUrl: 'smtps://me:word@mail.example:465',
      mailFrom: 'Soundlift <no-reply@sound.example>',
      metricsPort: 9090,
      metricsHost: '::',
      ffmpegPath: '/opt/ffmpeg',
      maxUploadBytes: 1000,
      maxDurationSeconds: 600,
      keepResultDays: 2,
      converterConcurrency: 3,
      logLevel: 'debug',
    });
  });

  it.each(Object.keys(everySetting).filter((name) => name !== 'KEEP_SOURCE'))('passes on %s', (name) => {
    expect(parse({ ...everySetting, [name]: '' })).not.toEqual(parse(everySetting));
  });

  it('prefers a flag to its variable', () => {
    const config = parse(
      { HOST: '10.0.0.1', PORT: '1', SOUNDLIFT_DATA: '/a' },
      { host: 'localhost', port: '2', data: '/b' },
    );
    expect(config).toMatchObject({ host: 'localhost', port: 2, dataFolder: '/b' });
  });

  it('resolves a relative data folder against the caller’s folder', () => {
    expect(parse({ SOUNDLIFT_DATA: 'here' }).dataFolder).toBe('/videos/here');
    expect(parse({}, { data: '../there' }).dataFolder).toBe('/there');
  });

  it('treats an empty variable as unset', () => {
    expect(parse({ PORT: '', PUBLIC_URL: '', JWT_SECRET: '' })).toEqual(parse());
  });

  it('closes sign-up by default if others can reach the server', () => {
    expect(parse({ HOST: '0.0.0.0' })).toMatchObject({ loopback: false, signUp: 'closed' });
    expect(parse({ HOST: '0.0.0.0', SIGN_UP: 'open' }).signUp).toBe('open');
  });

  it('uses the folder for application data of each system', () => {
    const mac: SystemFacts = { ...linux, platform: 'darwin', homeFolder: '/Users/me' };
    const windows: SystemFacts = { ...linux, platform: 'win32', homeFolder: 'C:\\Users\\me' };
    expect(parse({ XDG_DATA_HOME: '/data' }).dataFolder).toBe('/data/soundlift');
    expect(parse({ XDG_DATA_HOME: 'relative' }).dataFolder).toBe('/home/me/.local/share/soundlift');
    expect(parse({}, {}, mac).dataFolder).toBe('/Users/me/Library/Application Support/Soundlift');
    expect(parse({ LOCALAPPDATA: 'D:\\Local' }, {}, windows).dataFolder).toBe('D:\\Local\\Soundlift');
    expect(parse({}, {}, windows).dataFolder).toBe('C:\\Users\\me\\AppData\\Local\\Soundlift');
  });

  it.each([
    ['PORT', '65536', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '80 ', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '1e3', 'PORT must be a whole number from 0 to 65535.'],
    ['HOST', 'http://x', 'HOST must be an IP address or a host name.'],
    ['HOST', '999.1.1.1', 'HOST must be an IP address or a host name.'],
    ['HOST', '127.0.0.1:80', 'HOST must be an IP address or a host name.'],
    ['HOST', 'sound..example', 'HOST must be an IP address or a host name.'],
    ['METRICS_HOST', 'x y', 'METRICS_HOST must be an IP address or a host name.'],
    ['METRICS_HOST', '1.2.3', 'METRICS_HOST must be an IP address or a host name.'],
    ...badUrls.map((url): [string, string, string] => ['PUBLIC_URL', url, `PUBLIC_URL must be ${webUrl}`]),
    ...badUrls.map((url): [string, string, string] => ['AUTH_URL', url, `AUTH_URL must be ${webUrl}`]),
    [
      'TRUSTED_PROXIES',
      '10.0.0.0/33',
      'TRUSTED_PROXIES must be IP addresses or networks such as 10.0.0.0/8, with commas between them.',
    ],
    ['LOGIN_TOKEN_SECONDS', '0', 'LOGIN_TOKEN_SECONDS must be a whole number from 1 to 315360000.'],
    ['SIGN_UP', 'maybe', 'SIGN_UP must be one of open, closed.'],
    ['MAX_UPLOAD_BYTES', '-1', 'MAX_UPLOAD_BYTES must be a whole number of at least 1.'],
    ['MAX_UPLOAD_BYTES', '9999999999999999', 'MAX_UPLOAD_BYTES must be a whole number of at least 1.'],
    ['KEEP_RESULT_DAYS', 'x', 'KEEP_RESULT_DAYS must be a whole number from 1 to 36500.'],
    ['SMTP_URL', 'mail.example:25', 'SMTP_URL must be a URL that begins with smtp:// or smtps://.'],
    [
      'MAIL_FROM',
      'Me <me@example.org>\r\nBcc: you@example.org',
      'MAIL_FROM must be an e-mail address, or a name and an address in angle brackets.',
    ],
    ['METRICS_PORT', 'x', 'METRICS_PORT must be a whole number from 0 to 65535.'],
    ['KEEP_SOURCE', 'for-ever', 'KEEP_SOURCE must be one of until-done.'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent.'],
  ])('names a bad %s (%j) and what was expected', (name, value, sentence) => {
    expect(refusal({ [name]: value })).toBe(sentence);
  });

  it('names the flag if the flag is bad', () => {
    expect(refusal({ PORT: '1' }, { port: 'x' })).toBe('--port must be a whole number from 0 to 65535.');
  });

  it('names all bad settings in one sentence', () => {
    expect(refusal({ PORT: 'x', SIGN_UP: 'x' })).toBe(
      'PORT must be a whole number from 0 to 65535; SIGN_UP must be one of open, closed.',
    );
  });

  it.each<[Record<string, string>, Record<string, string>?]>([
    [{ PORT: '9090', METRICS_PORT: '9090' }],
    [{ HOST: 'localhost', METRICS_PORT: '8080' }],
    [{ HOST: '0.0.0.0', PORT: '9090', METRICS_PORT: '9090' }],
    [{ HOST: '10.0.0.5', METRICS_HOST: '::', METRICS_PORT: '8080' }],
    [{ METRICS_PORT: '9090' }, { port: '9090' }],
  ])('refuses one port for the server and its metrics (%j, %j)', (environment, flags = {}) => {
    const other = 'port' in flags ? '--port' : 'PORT';
    expect(refusal(environment, flags)).toBe(`METRICS_PORT must be another port than ${other}.`);
  });

  it.each([
    { PORT: '0', METRICS_PORT: '0' },
    { HOST: '10.0.0.5', PORT: '9090', METRICS_PORT: '9090' },
    { PORT: '9090', METRICS_PORT: '9091' },
  ])('accepts the ports of %j', (environment) => {
    expect(parse(environment).metricsPort).toBe(Number(environment.METRICS_PORT));
  });

  it('accepts a URL with a path', () => {
    expect(parse({ PUBLIC_URL: 'https://example.org:8443/sound/' }).publicUrl).toBe('https://example.org:8443/sound');
  });

  it.each([
    'short-secret',
    `${'n'.repeat(32)},short-secret`,
    `${'n'.repeat(32)},`,
    ' '.repeat(40),
    `short${' '.repeat(40)}`,
  ])('refuses the secret %j without repeating it', (secret) => {
    const sentence = refusal({ JWT_SECRET: secret });
    expect(sentence).toBe(
      'JWT_SECRET must be at least 32 bytes without the spaces around them, or several such secrets with commas between them.',
    );
  });

  it.each([
    'changeme-changeme-changeme-changeme',
    `${secrets[0]},super-secret-jwt-signing-key-please-change`,
    'n'.repeat(32),
  ])('refuses the secret %j, which anybody can guess, without repeating it', (secret) => {
    expect(refusal({ JWT_SECRET: secret })).toBe(
      'JWT_SECRET must be a random secret of your own, not a default, an example or a pattern.',
    );
  });
});

describe('SETTINGS.md', async () => {
  const text = await readFile(join(import.meta.dirname, '..', 'SETTINGS.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z0-9_]+)` *\| (.+?) *\| (.+?) *\|$/gm)].map(
    ([, name = '', , value = '']) => ({
      name,
      value: /^`([^`]+)`$/.exec(value)?.[1],
    }),
  );

  it('lists every variable once', () => {
    expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(everySetting).toSorted());
  });

  it.each(rows.filter(({ value }) => value !== undefined))('gives the default of $name', ({ name, value = '' }) => {
    expect(parse({ [name]: value })).toEqual(parse());
  });
});
