import type { CommandStartedEvent, Db, Document, MongoClient } from 'mongodb';

/** How a server carries out a command: https://www.mongodb.com/docs/manual/reference/explain-results/ */
export interface CommandPlan {
  /** The collection, the kind of command, and the fields that its filter names. */
  readonly command: string;
  /** The index that it names. */
  readonly hint: string | undefined;
  readonly filter: Document;
  /** The stages of the plan, without those of other plans. A stage that reads an index has its name. */
  readonly stages: readonly string[];
  readonly keysExamined: number;
  readonly documentsExamined: number;
}

/** The commands of a client that was opened with `monitorCommands=true`. */
export function rememberCommands(client: MongoClient): readonly CommandStartedEvent[] {
  const commands: CommandStartedEvent[] = [];
  client.on('commandStarted', (event) => commands.push(event));
  return commands;
}

/** What a server would do for a command that reads. */
export async function planOf(database: Db, { commandName, command }: CommandStartedEvent): Promise<CommandPlan> {
  const { find, aggregate, filter, pipeline, projection, sort, limit, hint } = command;
  const search: Document = filter ?? pipeline[0].$match;
  const asked =
    commandName === 'find'
      ? {
          find,
          filter,
          hint,
          ...Object.fromEntries(Object.entries({ projection, sort, limit }).filter(([, value]) => value)),
        }
      : { aggregate, pipeline, hint, cursor: {} };
  const explain = hint === undefined ? { ...asked, hint: undefined } : asked;
  const explained: Document = await database.command(
    { explain: JSON.parse(JSON.stringify(explain)), verbosity: 'executionStats' },
    { ignoreUndefined: true },
  );
  const stats: Document = explained['executionStats'] ?? explained['stages'][0].$cursor.executionStats;
  const planner: Document = explained['queryPlanner'] ?? explained['stages'][0].$cursor.queryPlanner;
  return {
    command: `${find ?? aggregate} ${commandName} ${Object.keys(search).join(' ')}`,
    hint,
    filter: search,
    stages: stagesOf(planner['winningPlan']),
    keysExamined: stats['totalKeysExamined'],
    documentsExamined: stats['totalDocsExamined'],
  };
}

function stagesOf(plan: unknown): readonly string[] {
  if (typeof plan !== 'object' || plan === null) return [];
  const { stage, indexName } = plan as { readonly stage?: string; readonly indexName?: string };
  const own = stage === undefined ? [] : [indexName === undefined ? stage : `${stage} ${indexName}`];
  return [...own, ...Object.values(plan).flatMap(stagesOf)];
}
