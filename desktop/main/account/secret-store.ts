/** Where secrets are kept between two starts, as safe as the system allows. */
export interface SecretStore {
  /** Undefined for one that was never written, or that cannot be read any more. */
  read(key: string): Promise<string | undefined>;
  /** `undefined` forgets it. */
  write(key: string, text: string | undefined): Promise<void>;
  /** Whether they are still there after the next start: false where the system keeps none. */
  readonly lasting: boolean;
}

/** For a system that keeps no secrets. */
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
