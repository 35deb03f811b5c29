/** Secrets that are kept between two starts, as safely as the system allows. */
export interface SecretStore {
  /** Undefined if it was never written or can no longer be read. */
  read(key: string): Promise<string | undefined>;
  /** `undefined` deletes it. */
  write(key: string, text: string | undefined): Promise<void>;
  /** Whether secrets outlive the app. False if the system cannot keep any. */
  readonly lasting: boolean;
}

/** Keeps secrets only until the app ends. */
export function keepSecretsInMemory(): SecretStore {
  const kept = new Map<string, string>();
  return {
    read: async (key) => kept.get(key),
    async write(key, text) {
      if (text === undefined) kept.delete(key);
      else kept.set(key, text);
    },
    lasting: false,
  };
}
