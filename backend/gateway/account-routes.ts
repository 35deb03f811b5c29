import {
  accountChangesSchema,
  accountRemovalSchema,
  accountSchema,
  confirmRequestSchema,
  credentialsSchema,
  passwordChangeSchema,
  resetConfirmationSchema,
  resetRequestSchema,
} from '../../shared/api.ts';
import { signUpClosed } from '../http/authentication.ts';
import { readJson } from '../http/read-request.ts';
import { clientOf, type Route } from '../http/routes.ts';
import type { GatewayParts } from './gateway-parts.ts';
import { removeAccount } from './remove-account.ts';

const accountsPath = '/api/v1/accounts';
const myPath = '/api/v1/me';
const accountBody = { schema: accountSchema };

/** Routes to create, change and remove accounts. */
export function accountRoutes(
  parts: Pick<GatewayParts, 'authentication' | 'conversions' | 'notifications' | 'settings'>,
): readonly Route[] {
  return [...routesWithoutToken(parts), ...routesOfAccount(parts)];
}

function routesWithoutToken({
  authentication,
  settings,
}: Pick<GatewayParts, 'authentication' | 'settings'>): readonly Route[] {
  return [
    {
      method: 'post',
      path: accountsPath,
      access: 'anyone',
      operation: {
        summary: 'Create an account',
        body: { schema: credentialsSchema },
        answers: { 201: { description: 'The account.', body: accountBody } },
        problems: ['forbidden', 'taken', 'too_many', 'unavailable'],
      },
      async handle({ request, response }) {
        const credentials = await readJson(request, response, credentialsSchema);
        // Auth checks its own setting. Where it runs apart, its default says who can reach auth, not who can reach this gateway.
        if (settings.signUp === 'closed') throw signUpClosed();
        response.status(201).json(await authentication.createAccount(credentials, clientOf(request)));
      },
    },
    {
      method: 'post',
      path: `${accountsPath}/reset`,
      access: 'anyone',
      operation: {
        summary: 'Request a mail with a code to reset the password',
        body: { schema: resetRequestSchema },
        answers: { 202: { description: 'If the address has an account, a code will be mailed to it.' } },
        problems: ['too_many', 'unavailable'],
      },
      async handle({ request, response }) {
        const { email } = await readJson(request, response, resetRequestSchema);
        await authentication.requestReset(email, clientOf(request));
        response.status(202).end();
      },
    },
    {
      method: 'post',
      path: `${accountsPath}/reset/confirm`,
      access: 'anyone',
      operation: {
        summary: 'Set a new password with a mailed code',
        body: { schema: resetConfirmationSchema },
        answers: { 204: { description: 'The password is set, and every session has ended.' } },
        problems: ['invalid', 'too_many', 'unavailable'],
      },
      async handle({ request, response }) {
        const confirmation = await readJson(request, response, resetConfirmationSchema);
        await authentication.confirmReset(confirmation, clientOf(request));
        response.status(204).end();
      },
    },
  ];
}

function routesOfAccount(
  parts: Pick<GatewayParts, 'authentication' | 'conversions' | 'notifications'>,
): readonly Route[] {
  const { authentication } = parts;
  return [
    {
      method: 'get',
      path: myPath,
      access: 'account',
      operation: {
        summary: 'Get the account',
        answers: { 200: { description: 'The account.', body: accountBody } },
      },
      async handle({ response, identity }) {
        response.json(await authentication.account(identity));
      },
    },
    {
      method: 'patch',
      path: myPath,
      access: 'account',
      operation: {
        summary: 'Turn mails about finished batches on or off',
        body: { schema: accountChangesSchema },
        answers: { 200: { description: 'The account.', body: accountBody } },
      },
      async handle({ request, response, identity }) {
        const changes = await readJson(request, response, accountChangesSchema);
        response.json(await authentication.changeAccount(identity, changes));
      },
    },
    {
      method: 'post',
      path: `${myPath}/confirm`,
      access: 'account',
      operation: {
        summary: 'Confirm the e-mail address with a mailed code, or request a new code',
        body: { schema: confirmRequestSchema },
        answers: {
          200: { description: 'The account, confirmed.', body: accountBody },
          202: { description: 'A new code will be mailed, unless the address is already confirmed.' },
        },
        problems: ['invalid', 'wrong_state', 'too_many'],
      },
      async handle({ request, response, identity }) {
        const { code } = await readJson(request, response, confirmRequestSchema);
        if (code !== undefined) {
          response.json(await authentication.confirm(identity, code));
          return;
        }
        await authentication.sendConfirmation(identity, clientOf(request));
        response.status(202).end();
      },
    },
    {
      method: 'post',
      path: `${myPath}/password`,
      access: 'account',
      operation: {
        summary: 'Change the password',
        body: { schema: passwordChangeSchema },
        answers: { 204: { description: 'The password is changed, and every other session has ended.' } },
        problems: ['forbidden', 'too_many'],
      },
      async handle({ request, response, identity }) {
        const change = await readJson(request, response, passwordChangeSchema);
        await authentication.changePassword(identity, change, clientOf(request));
        response.status(204).end();
      },
    },
    {
      method: 'delete',
      path: myPath,
      access: 'account',
      operation: {
        summary: 'Remove the account and everything that it owns',
        body: { schema: accountRemovalSchema },
        answers: { 204: { description: 'The account and everything that it owned are removed.' } },
        problems: ['forbidden', 'too_many'],
      },
      async handle({ request, response, identity }) {
        const { password } = await readJson(request, response, accountRemovalSchema);
        await authentication.checkPassword(identity, password, clientOf(request));
        await removeAccount(identity, parts);
        response.status(204).end();
      },
    },
  ];
}
