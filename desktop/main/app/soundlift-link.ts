/** What a link of ours asks for. */
export interface SoundliftLink {
  readonly batchId: string;
}

/** As batches are called by clients: a UUID, or what scripts think of. */
const linkPattern = /^soundlift:\/\/b\/([A-Za-z0-9_-]{1,200})\/?$/;

/**
 * `soundlift://b/BATCH`, and nothing else: links come from web pages and mails. Undefined for what is none of ours; nothing of a link is ever
 * a path or a command.
 */
export function parseSoundliftLink(text: string): SoundliftLink | undefined {
  const batchId = linkPattern.exec(text)?.[1];
  return batchId === undefined ? undefined : { batchId };
}
