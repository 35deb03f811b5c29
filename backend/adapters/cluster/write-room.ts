/** Room for bytes that are being written, shared by all writers of a process. */
export interface WriteRoom {
  /** Waits for its turn, and until there is room for these bytes. More than the whole room wait until nothing else is written. */
  take(bytes: number): Promise<Disposable>;
  /** Whether somebody waits. */
  isCrowded(): boolean;
}

export function createWriteRoom(roomBytes: number): WriteRoom {
  const waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  let usedBytes = 0;

  function enterNext(): void {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      if (usedBytes > 0 && usedBytes + first.bytes > roomBytes) return;
      waiting.shift();
      usedBytes += first.bytes;
      first.enter();
    }
  }

  return {
    isCrowded: () => waiting.length > 0,
    async take(bytes) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ bytes, enter: resolve });
      enterNext();
      await promise;
      return {
        [Symbol.dispose]() {
          usedBytes -= bytes;
          enterNext();
        },
      };
    },
  };
}
