import { strict } from '../strict.ts';

type Payload = string | Blob;
const plain = 'text/plain';

export class ClipboardItem {
  readonly #payloads: ReadonlyMap<string, Payload | Promise<Payload>>;
  readonly types: string[];
  constructor(items: Record<string, Payload | Promise<Payload>>) {
    this.#payloads = new Map(Object.entries(items));
    this.types = [...this.#payloads.keys()];
  }
  async getType(type: string): Promise<Blob> {
    const payload = await this.#payloads.get(type);
    if (payload === undefined) throw new DOMException(`The type '${type}' was not found`, 'NotFoundError');
    return typeof payload === 'string' ? new Blob([payload], { type }) : payload;
  }
}

let items: readonly ClipboardItem[] = [];

/** A clipboard that only this process has. */
export const clipboard = strict('clipboard', {
  readText: async () => {
    const item = items.find(({ types }) => types.includes(plain));
    return item === undefined ? '' : await (await item.getType(plain)).text();
  },
  writeText: async (text: string) => {
    items = [new ClipboardItem({ [plain]: text })];
  },
  read: async () => [...items],
  write: async (data: readonly ClipboardItem[]) => {
    items = [...data];
  },
  has: async (type: string) => items.some(({ types }) => types.includes(type)),
  clear: () => {
    items = [];
  },
});
