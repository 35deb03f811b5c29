import type { Limit } from './ports/rate-limit.ts';

/*
 * How much one client, one account and all of them together may use. A client is a network address: one computer, or everybody behind one
 * router. So the numbers of a client allow for a household, or for a school class of 40 with an app each. An app has a WebSocket, uploads and
 * downloads a few files at once, and asks about its conversions now and then: about 6 connections.
 */

/** How many things may be open at the same time. */
export interface OpenLimit {
  readonly perAccount: number;
  readonly perClient: number;
  readonly inAll: number;
}

/** The limits of one gateway. */
export interface OpenLimits {
  /** Connections, whatever is sent on them. Beyond the limit, the server closes those that wait for their client. */
  readonly connections: Pick<OpenLimit, 'perClient' | 'inAll'>;
  /** Requests of signed-in clients that are not answered yet, and their WebSockets. */
  readonly requests: OpenLimit;
  /** Uploads and downloads that are running. Each has a file open, and may hold 1 MB in memory. */
  readonly transfers: OpenLimit;
  readonly sockets: OpenLimit;
}

/** The most connections of one process. An idle one takes about 20 kB. */
const maxConnections = 4000;
const maxTransfers = 800;
/** Descriptors for the databases, the listening sockets, Node itself, and connections to other servers. */
const ownDescriptors = 96;
/** Descriptors for one running conversion: the pipes of ffmpeg, those that exist only while it is being started, and its files. */
const descriptorsPerPlace = 12;
/** Where a process cannot read its own limit: Node raises it on macOS to 10,240 or more, and Windows has none. */
const usualDescriptors = 8192;
/** Connections on which nobody is signed in always find this much room, so that `/healthz` is answered and people can sign in. */
const roomForStrangers = 32;

/**
 * The limits for a process that may have `descriptors` open and runs `places` conversions. Connections get five eighths of what is
 * left, transfers three eighths. One client gets at most three quarters of either.
 */
export function openLimits(descriptors: number | undefined, places: number): OpenLimits {
  const free = (descriptors ?? usualDescriptors) - ownDescriptors - descriptorsPerPlace * places;
  const connections = clamp((free * 5) / 8, 2 * roomForStrangers, maxConnections);
  const transfers = clamp((free * 3) / 8, roomForStrangers, maxTransfers);
  const ofClient = Math.floor((connections * 3) / 4);
  return {
    connections: { perClient: ofClient, inAll: connections },
    requests: { perAccount: 200, perClient: ofClient - roomForStrangers / 2, inAll: connections - roomForStrangers },
    // As many as one account may have unfinished.
    transfers: { perAccount: 100, perClient: Math.floor((transfers * 3) / 4), inAll: transfers },
    // A person has a few devices. Each terminal in which `soundlift convert` runs has a socket, too.
    sockets: { perAccount: 50, perClient: Math.floor(connections / 2), inAll: Math.floor((connections * 3) / 4) },
  };
}

/**
 * Small bodies (JSON) that are arriving. Each may take 128 kB of memory. Beyond the limit, the one that began first is given up: an honest one arrives at once.
 */
export const smallBodyLimits = { perClient: 100, inAll: 500, idleSeconds: 15, totalSeconds: 30 } as const;

function clamp(value: number, min: number, max: number): number {
  return Math.floor(Math.max(min, Math.min(max, value)));
}

const quarterOfAnHour = 15 * 60;

/**
 * New accounts of one client. Each takes a hash, a row, and a mail to an address that may be a stranger's; and its refusal says whether the address has an
 * account. So refused sign-ups count, too.
 */
export const signUpLimit: Limit = { count: 50, seconds: quarterOfAnHour };

/**
 * Tries at passwords and codes. Guessing one account's password from one place is soon slow; from many places, or at many accounts, a little later.
 * Nobody is locked out for good. NIST SP 800-63B, section 5.2.2, allows 100 failures in a row.
 */
export const guessLimits = {
  client: { count: 100, seconds: quarterOfAnHour },
  email: { count: 100, seconds: quarterOfAnHour },
  clientAndEmail: { count: 10, seconds: quarterOfAnHour },
  /** Of someone who is signed in, at the account's own password or code. Other people's guesses do not count here. */
  session: { count: 10, seconds: quarterOfAnHour },
} as const satisfies Record<string, Limit>;

/** Requests for a mail with a code. An account also gets at most one a minute. */
export const codeMailLimits = {
  client: signUpLimit,
  email: { count: 100, seconds: quarterOfAnHour },
  clientAndEmail: { count: 10, seconds: quarterOfAnHour },
} as const satisfies Record<string, Limit>;

/**
 * Password hashes. One takes 19 MiB and about 30 ms. Two at a time leave two of Node's four pool threads for files. A whole class may sign in at once; 512 waiting
 * are about 10 s of work.
 */
export const hashingLimits = { running: 2, waitingPerClient: 64, waitingInAll: 512 } as const;
