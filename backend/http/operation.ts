import type { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.ts';

/** A body, of a request or of an answer. */
export interface BodyDescription {
  /** `application/json` where it is left out. */
  readonly contentType?: string;
  /** Left out for what is no JSON: a stream of bytes. */
  readonly schema?: z.ZodType;
  /** Whether there must be one; left out, as the schema has it. */
  readonly required?: boolean;
  /** In plain words, where the schema does not say enough. */
  readonly description?: string;
}

export interface AnswerDescription {
  readonly description: string;
  readonly body?: BodyDescription;
  /** By name: what each header says. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The same of those that are not always there. */
  readonly optionalHeaders?: Readonly<Record<string, string>>;
}

/**
 * One route as the description of the interface (OpenAPI) tells it, from the very schemas that validate it. What every route
 * of its access may answer (401, 429, 503, …) is added where the description is made.
 */
export interface Operation {
  /** One line, in the imperative. */
  readonly summary: string;
  /** An object's schema: each of its fields is a parameter of the query. */
  readonly query?: z.ZodObject;
  /** The same for headers that matter, by their names. */
  readonly headers?: z.ZodObject;
  readonly body?: BodyDescription;
  /** By status: those that are no problem. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Codes of the problems that this route may answer besides. */
  readonly problems?: readonly ErrorCode[];
}
