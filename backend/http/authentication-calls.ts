import { z } from 'zod';
import { accountChangesSchema, accountSchema, credentialsSchema, sessionSchema } from '../../shared/api.ts';

/** A method of `Authentication` over HTTP: `POST path` with a JSON body, and a JSON answer or none. */
interface AuthenticationCall {
  readonly path: string;
  readonly body: z.ZodType;
  /** Left out for a call that is answered with 204. */
  readonly answer?: z.ZodType;
}

const identitySchema = z.strictObject({
  accountId: z.string(),
  email: z.string(),
  admin: z.boolean(),
  sessionId: z.string(),
  secondsLeft: z.number(),
});
const clientSchema = z.string().max(200);
/** As a person typed them. Auth decides whether they are right. */
const claimedCredentials = { email: z.string(), password: z.string() };

/** A JSON Web Token in the compact serialization (RFC 7519). */
export const tokenSchema = z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/);

/** `POST /login`, which the gateway offers and auth too. */
export const loginOperation = {
  summary: 'Get an access token for a script',
  answers: { 200: { description: 'The token.', body: { contentType: 'text/plain', schema: z.string() } } },
} as const;

/** Every method except `signIn` and `identify`, which are `POST /login` and `POST /validate`. */
export const authenticationCalls = {
  startSession: {
    path: '/internal/sessions/start',
    body: z.strictObject({ credentials: z.strictObject(claimedCredentials), client: clientSchema }),
    answer: sessionSchema,
  },
  refreshSession: {
    path: '/internal/sessions/refresh',
    body: z.strictObject({ refreshToken: z.string() }),
    answer: sessionSchema,
  },
  endSession: { path: '/internal/sessions/end', body: z.strictObject({ identity: identitySchema }) },
  createAccount: {
    path: '/internal/accounts/create',
    body: z.strictObject({ credentials: credentialsSchema, client: clientSchema }),
    answer: accountSchema,
  },
  account: {
    path: '/internal/accounts/show',
    body: z.strictObject({ identity: identitySchema }),
    answer: accountSchema,
  },
  changeAccount: {
    path: '/internal/accounts/change',
    body: z.strictObject({ identity: identitySchema, changes: accountChangesSchema }),
    answer: accountSchema,
  },
  sendConfirmation: {
    path: '/internal/confirmations/send',
    body: z.strictObject({ identity: identitySchema, client: clientSchema }),
  },
  confirm: {
    path: '/internal/confirmations/confirm',
    body: z.strictObject({ identity: identitySchema, code: z.string() }),
    answer: accountSchema,
  },
  changePassword: {
    path: '/internal/passwords/change',
    body: z.strictObject({
      identity: identitySchema,
      change: z.strictObject({ old: z.string(), new: credentialsSchema.shape.password }),
      client: clientSchema,
    }),
  },
  checkPassword: {
    path: '/internal/passwords/check',
    body: z.strictObject({ identity: identitySchema, password: z.string(), client: clientSchema }),
  },
  requestReset: {
    path: '/internal/resets/request',
    body: z.strictObject({ email: z.string(), client: clientSchema }),
  },
  confirmReset: {
    path: '/internal/resets/confirm',
    body: z.strictObject({
      reset: z.strictObject({ ...claimedCredentials, code: z.string(), password: credentialsSchema.shape.password }),
      client: clientSchema,
    }),
    answer: z.strictObject({ accountId: z.string() }),
  },
  mailAddress: {
    path: '/internal/accounts/mail-address',
    body: z.strictObject({ accountId: z.string() }),
    answer: z.strictObject({ address: z.string().min(1).optional() }),
  },
  removeAccount: { path: '/internal/accounts/remove', body: z.strictObject({ identity: identitySchema }) },
} as const satisfies Record<string, AuthenticationCall>;

/**
 * The header in which the gateway passes on the address of the client that signs in. Auth counts guesses by it. Only the gateway can
 * reach auth, so auth trusts the header.
 */
export const clientHeader = 'Soundlift-Client';

/**
 * The claims of an access token. `POST /validate` answers with them, `username` (the e-mail address) and `admin` as the account has
 * them now. Times are seconds since 1970.
 */
export const claimsSchema = z.object({
  sub: z.string(),
  username: z.string(),
  admin: z.boolean(),
  iat: z.number(),
  exp: z.number(),
  jti: z.string(),
  /** The token's session. The token is valid only while that exists. */
  sid: z.string(),
});
export type Claims = z.infer<typeof claimsSchema>;

/** The answer of `POST /validate`. `expires_in` is as in https://www.rfc-editor.org/rfc/rfc6749#section-5.1. */
export const validationSchema = claimsSchema.extend({
  /** How long the token is still valid, in seconds. */
  expires_in: z.number(),
});
