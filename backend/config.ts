import { isIP } from 'node:net';
import { availableParallelism, homedir } from 'node:os';
import { posix, win32 } from 'node:path';
import { z } from 'zod';
import { AppError } from '../shared/errors.ts';
import { isLoopbackHost } from '../shared/loopback-host.ts';
import { withoutTrailing } from '../shared/without-trailing.ts';
import { isWellKnown } from './well-known-secrets.ts';

/**
 * The settings of the services, parsed once at the start and passed on as plain data. A service names those that it needs with
 * `Pick<Config, …>` and is given all of them. None may be left out, not even one without a value, so that the types show where one is
 * forgotten.
 */
export interface Config {
  /** The address to listen on, without brackets. */
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** True if only this computer can reach `host`. */
  readonly loopback: boolean;
  /** The URL at which clients reach the gateway, without a trailing slash. */
  readonly publicUrl: string | undefined;
  /** Addresses and networks (CIDR) of proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  /** Absolute path of the folder in which the embedded backend stores everything. It is made if it is missing. */
  readonly dataFolder: string;
  /**
   * Tokens are signed with the first secret and verified with any. Left out, the embedded backend keeps a secret of its
   * own.
   */
  readonly jwtSecrets: readonly string[] | undefined;
  readonly loginTokenSeconds: number;
  readonly signUp: 'open' | 'closed';
  /** The URL of auth (`http://auth:8080`) if it does not run in this process. */
  readonly authUrl: string | undefined;
  /** The URLs of the cluster's MySQL, MongoDB and RabbitMQ. They contain passwords. The adapters parse them. */
  readonly mysqlUrl: string | undefined;
  readonly mongodbUrl: string | undefined;
  readonly rabbitmqUrl: string | undefined;
  /** The names of the cluster's queues. */
  readonly videoQueue: string;
  readonly mp3Queue: string;
  /** The URL of the mail server. It contains a password. Without it, mail is off. */
  readonly smtpUrl: string | undefined;
  /** The sender of mails: `Soundlift <no-reply@example.org>`. */
  readonly mailFrom: string | undefined;
  /** The port of the metrics for Prometheus; without it, there are none. 0 means any free port. */
  readonly metricsPort: number | undefined;
  /** The address on which the metrics are served, without brackets. */
  readonly metricsHost: string;
  readonly ffmpegPath: string | undefined;
  readonly maxUploadBytes: number;
  readonly maxDurationSeconds: number;
  readonly keepResultDays: number;
  /** The number of conversions that may run at the same time. */
  readonly converterConcurrency: number;
  readonly logLevel: LogLevel;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The flags of `serve` as typed. A flag takes precedence over its variable. */
export interface ConfigFlags {
  readonly host?: string;
  readonly port?: string;
  readonly data?: string;
}

/** What the defaults depend on. It is a parameter so that tests can cover every system. */
export interface SystemFacts {
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
  /** Relative paths are resolved against this folder. */
  readonly currentFolder: string;
  readonly cores: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** At least as long as the hash of HS256 (RFC 7518, section 3.2). */
const minSecretBytes = 32;

const hostSchema = z
  .string()
  .transform((text) => text.replace(/^\[(.*)\]$/, '$1'))
  .refine((text) => isIP(text) !== 0 || isHostName(text), { error: 'an IP address or a host name' });

/** A path is allowed, because a proxy may serve several programs. */
const webUrlSchema = z
  .string()
  .refine((text) => /^https?:\/\/[^\s?#]+$/i.test(text) && hasNoUser(text), {
    error: 'a URL that begins with http:// or https://, without a user name, a password, a query or a fragment',
  })
  .transform((text) => withoutTrailing(text, '/'));

const smtpUrlSchema = z.string().refine((text) => /^smtps?:\/\/[^/]/.test(text) && URL.canParse(text), {
  error: 'a URL that begins with smtp:// or smtps://',
});

/** `name@host` or `Some Name <name@host>`, on one line. */
const mailFromSchema = z.string().regex(/^(?:[^<>\p{Cc}]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/u, {
  error: 'an e-mail address, or a name and an address in angle brackets',
});

/** Room for `.dead` after it: RabbitMQ takes names of 255 bytes. */
const queueNameSchema = z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, {
  error: 'up to 200 letters, digits, dots, hyphens and underscores',
});

const networksSchema = z
  .string()
  .transform((text) => text.split(',').map((network) => network.trim()))
  .refine((networks) => networks.every(isNetwork), {
    error: 'IP addresses or networks such as 10.0.0.0/8, with commas between them',
  });

const secretsSchema = z
  .string()
  .transform((text) => text.split(','))
  .refine((secrets) => secrets.every((secret) => Buffer.byteLength(secret.trim()) >= minSecretBytes), {
    abort: true,
    error: `at least ${minSecretBytes} bytes without the spaces around them, or several such secrets with commas between them`,
  })
  .refine((secrets) => !secrets.some(isWellKnown), {
    error: 'a random secret of your own, not a default, an example or a pattern',
  });

/** An empty variable counts as unset, since compose files and unit files write unset variables so. */
const settingsSchema = z.object({
  HOST: hostSchema.default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(8080),
  PUBLIC_URL: webUrlSchema.optional(),
  TRUSTED_PROXIES: networksSchema.default([]),
  SOUNDLIFT_DATA: z.string().optional(),
  JWT_SECRET: secretsSchema.optional(),
  LOGIN_TOKEN_SECONDS: wholeNumber(1, 10 * 365 * 86_400).default(86_400),
  SIGN_UP: oneOf(['open', 'closed']).optional(),
  AUTH_URL: webUrlSchema.optional(),
  MYSQL_URL: z.string().optional(),
  MONGODB_URL: z.string().optional(),
  RABBITMQ_URL: z.string().optional(),
  VIDEO_QUEUE: queueNameSchema.default('video'),
  MP3_QUEUE: queueNameSchema.default('mp3'),
  SMTP_URL: smtpUrlSchema.optional(),
  MAIL_FROM: mailFromSchema.optional(),
  METRICS_PORT: wholeNumber(0, 65_535).optional(),
  METRICS_HOST: hostSchema.default('127.0.0.1'),
  FFMPEG_PATH: z.string().optional(),
  MAX_UPLOAD_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(20_000_000_000),
  MAX_DURATION_SECONDS: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(12 * 3600),
  // This is the only value, but a deployment may state it.
  KEEP_SOURCE: oneOf(['until-done']).default('until-done'),
  KEEP_RESULT_DAYS: wholeNumber(1, 36_500).default(30),
  CONVERTER_CONCURRENCY: wholeNumber(1, 1024).optional(),
  LOG_LEVEL: oneOf(logLevels).default('info'),
});

export type SettingName = keyof typeof settingsSchema.shape;
const settingNames = Object.keys(settingsSchema.shape) as readonly SettingName[];

/** The flag of each variable that has one. */
const flagNames: Readonly<Partial<Record<SettingName, keyof ConfigFlags>>> = {
  HOST: 'host',
  PORT: 'port',
  SOUNDLIFT_DATA: 'data',
};

/**
 * Reads the settings. Throws an AppError `invalid` whose message names each bad setting and what is expected, but not
 * its value, which may be a secret.
 */
export function parseConfig(environment: Environment, flags: ConfigFlags = {}, system?: SystemFacts): Config {
  const facts = system ?? thisSystem(environment);
  const given = Object.fromEntries(
    settingNames.map((name) => [name, flagOf(name, flags) ?? (environment[name] || undefined)]),
  );
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) throw new AppError('invalid', sentenceOf(parsed.error, flags), { cause: parsed.error });
  const settings = parsed.data;
  if (metricsCollide(settings)) {
    throw new AppError('invalid', `METRICS_PORT must be another port than ${nameOf('PORT', flags)}.`);
  }
  const loopback = isLoopbackHost(settings.HOST);
  return {
    host: settings.HOST,
    port: settings.PORT,
    loopback,
    publicUrl: settings.PUBLIC_URL,
    trustedProxies: settings.TRUSTED_PROXIES,
    dataFolder:
      settings.SOUNDLIFT_DATA === undefined
        ? defaultDataFolder(environment, facts)
        : pathOf(facts).resolve(facts.currentFolder, settings.SOUNDLIFT_DATA),
    jwtSecrets: settings.JWT_SECRET,
    loginTokenSeconds: settings.LOGIN_TOKEN_SECONDS,
    signUp: settings.SIGN_UP ?? (loopback ? 'open' : 'closed'),
    authUrl: settings.AUTH_URL,
    mysqlUrl: settings.MYSQL_URL,
    mongodbUrl: settings.MONGODB_URL,
    rabbitmqUrl: settings.RABBITMQ_URL,
    videoQueue: settings.VIDEO_QUEUE,
    mp3Queue: settings.MP3_QUEUE,
    smtpUrl: settings.SMTP_URL,
    mailFrom: settings.MAIL_FROM,
    metricsPort: settings.METRICS_PORT,
    metricsHost: settings.METRICS_HOST,
    ffmpegPath: settings.FFMPEG_PATH,
    maxUploadBytes: settings.MAX_UPLOAD_BYTES,
    maxDurationSeconds: settings.MAX_DURATION_SECONDS,
    keepResultDays: settings.KEEP_RESULT_DAYS,
    converterConcurrency: settings.CONVERTER_CONCURRENCY ?? facts.cores,
    logLevel: settings.LOG_LEVEL,
  };
}

/** A name whose last part is a number would be taken for an IPv4 address (WHATWG URL, section 3.5). */
function isHostName(text: string): boolean {
  const parts = text.split('.');
  return parts.every((part) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(part)) && !/^[0-9]+$/.test(parts.at(-1) ?? '');
}

function hasNoUser(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === '' && url.password === '';
}

/** True if the metrics and the server cannot both listen. An address that means all interfaces includes every other. */
function metricsCollide({ HOST, PORT, METRICS_HOST, METRICS_PORT }: z.output<typeof settingsSchema>): boolean {
  if (METRICS_PORT !== PORT || PORT === 0) return false;
  const all = ['0.0.0.0', '::'];
  const bothHere = isLoopbackHost(HOST) && isLoopbackHost(METRICS_HOST);
  return HOST === METRICS_HOST || bothHere || all.includes(HOST) || all.includes(METRICS_HOST);
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  const inRange = bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
  return version !== 0 && inRange && more.length === 0;
}

function thisSystem(environment: Environment): SystemFacts {
  return {
    platform: process.platform,
    homeFolder: homedir(),
    // npm runs scripts in the package's folder and gives the caller's folder in INIT_CWD.
    currentFolder: environment['INIT_CWD'] || process.cwd(),
    cores: availableParallelism(),
  };
}

/**
 * The folder for an application's data on each system: the XDG base directory specification, Apple's and Microsoft's
 * guides.
 */
function defaultDataFolder(environment: Environment, facts: SystemFacts): string {
  const { join, isAbsolute } = pathOf(facts);
  if (facts.platform === 'win32') {
    return join(environment['LOCALAPPDATA'] || join(facts.homeFolder, 'AppData', 'Local'), 'Soundlift');
  }
  if (facts.platform === 'darwin') return join(facts.homeFolder, 'Library', 'Application Support', 'Soundlift');
  const xdg = environment['XDG_DATA_HOME'];
  // The specification says to ignore a relative path here.
  return join(xdg && isAbsolute(xdg) ? xdg : join(facts.homeFolder, '.local', 'share'), 'soundlift');
}

function pathOf(facts: SystemFacts): typeof posix {
  return facts.platform === 'win32' ? win32 : posix;
}

function flagOf(name: SettingName, flags: ConfigFlags): string | undefined {
  const flag = flagNames[name];
  return flag === undefined ? undefined : flags[flag];
}

/** As the person gave it: as a flag or as a variable. */
function nameOf(name: SettingName, flags: ConfigFlags): string {
  return flagOf(name, flags) === undefined ? name : `--${flagNames[name]}`;
}

function sentenceOf(error: z.ZodError, flags: ConfigFlags): string {
  const complaints = error.issues.map((issue) => {
    const name = settingNames.find((known) => known === issue.path[0]);
    return `${name === undefined ? 'A setting' : nameOf(name, flags)} must be ${issue.message}`;
  });
  return `${[...new Set(complaints)].join('; ')}.`;
}

function wholeNumber(min: number, max: number) {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^[0-9]{1,16}$/, { error: expected })
    .transform(Number)
    .refine((number) => number >= min && number <= max, { error: expected });
}

function oneOf<const Choices extends readonly [string, ...string[]]>(choices: Choices) {
  return z.enum(choices, { error: `one of ${choices.join(', ')}` });
}
