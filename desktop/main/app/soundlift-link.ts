/** The content of a link. */
export interface SoundliftLink {
  readonly batchId: string;
}

/** Ids of batches are chosen by clients: UUIDs, or whatever scripts use. */
const linkPattern = /^soundlift:\/\/b\/([A-Za-z0-9_-]{1,200})\/?$/;

/**
 * Reads `soundlift://b/BATCH`. Undefined for everything else: links come from web pages and mails, so no part of one is ever used as a path or
 * a command.
 */
export function parseSoundliftLink(text: string): SoundliftLink | undefined {
  const batchId = linkPattern.exec(text)?.[1];
  return batchId === undefined ? undefined : { batchId };
}
