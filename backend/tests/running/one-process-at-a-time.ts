import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** Does `work` while no other process does work under the lock `file`. A lock ends with its process, however that ends. */
export async function oneProcessAtATime<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  // SQLite locks its file by the system's file locks.
  using database = new DatabaseSync(file);
  while (!lock(database)) await delay(100);
  return await work();
}

function lock(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && /locked/.test(error.message)) return false;
    throw error;
  }
}
