import type { z } from 'zod';
import type { ErrorCode } from '../../shared/errors.ts';

/** The body of a request or an answer. */
export interface BodyDescription {
  /** Defaults to `application/json`. */
  readonly contentType?: string;
  /** Left out for a stream of bytes. */
  readonly schema?: z.ZodType;
  /** Whether there must be a body. By default, whether the schema refuses `{}`. */
  readonly required?: boolean;
  /** For what the schema does not say. */
  readonly description?: string;
}

export interface AnswerDescription {
  readonly description: string;
  readonly body?: BodyDescription;
  /** What each header says, by its name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The same, for headers that are not always sent. */
  readonly optionalHeaders?: Readonly<Record<string, string>>;
}

/**
 * What the description of the interface (OpenAPI) says about one route, with the schemas that validate it. Problems that every route
 * with the same access may answer (401, 429, 503, …) are added later, by `problemsOf`.
 */
export interface Operation {
  /** One line, in the imperative. */
  readonly summary: string;
  /** Each field of this object is a query parameter. */
  readonly query?: z.ZodObject;
  /** Each field of this object is a request header. */
  readonly headers?: z.ZodObject;
  readonly body?: BodyDescription;
  /** Answers other than problems, by status. */
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Codes of further problems that this route may answer with. */
  readonly problems?: readonly ErrorCode[];
}
