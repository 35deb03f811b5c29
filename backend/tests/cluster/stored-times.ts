import { MongoClient } from 'mongodb';
import type { RowDataPacket } from 'mysql2/promise';
import type { PrivateServers } from '../servers/cluster-servers.ts';

/** A time of day that a service has stored. */
export interface StoredTime {
  /** The table or collection, and the field. */
  readonly where: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

const isoTime = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** All times of day that the services have stored as text in MySQL and MongoDB, and those in the ids of conversions. */
export async function storedTimes({ environment, mysql }: PrivateServers): Promise<readonly StoredTime[]> {
  const found: StoredTime[] = [];

  function look(where: string, value: unknown): void {
    if (typeof value === 'string') {
      for (const [text] of value.matchAll(isoTime)) found.push({ where, time: Date.parse(text) });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) look(Array.isArray(value) ? where : `${where}.${key}`, inner);
    }
  }

  await using mongo = new MongoClient(environment.MONGODB_URL);
  const database = mongo.db('soundlift');
  for (const { name } of await database.listCollections().toArray()) {
    for await (const document of database.collection<{ readonly _id: string }>(name).find()) {
      look(name, document);
      // The first 48 bits are milliseconds: https://www.rfc-editor.org/rfc/rfc9562#section-5.7
      const [start = ''] = /^[0-9a-f]{8}-[0-9a-f]{4}(?=-7)/.exec(document._id) ?? [];
      if (name === 'conversions') found.push({ where: `${name}._id`, time: Number(`0x${start.replace('-', '')}`) });
    }
  }

  const administrator = await mysql.connect();
  try {
    for (const table of ['user', 'session', 'code']) {
      const [rows] = await administrator.query<RowDataPacket[]>(`SELECT * FROM auth.${table}`);
      for (const row of rows) look(table, row);
    }
  } finally {
    await administrator.end();
  }
  return found;
}
