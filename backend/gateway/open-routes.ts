import { createHash } from 'node:crypto';
import { noSuchAddress } from '../http/problem.ts';
import { pathParameter, type Route } from '../http/routes.ts';

const style = `
  body { margin: 0; padding: 48px 16px; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #16191a; background: #f4f6f6; text-align: center; }
  main { max-width: 440px; margin: 0 auto; padding: 28px; background: #fff; border-radius: 12px; }
  h1 { margin: 0 0 4px; font-size: 20px; line-height: 1.3; }
  p { margin: 0 0 16px; }
  a { display: inline-block; padding: 9px 18px; border-radius: 8px; background: #00756f; color: #fff; text-decoration: none; font-weight: 600; }
  .foot { margin: 16px 0 0; font-size: 13px; color: #566164; }
  @media (prefers-color-scheme: dark) {
    body { background: #17191a; color: #eef1f1; } main { background: #1e2122; } .foot { color: #a8b2b4; } a { background: #4cc9bd; color: #04211f; }
  }
`;
const styleHash = createHash('sha256').update(style).digest('base64');

/** Clients choose batch ids freely, up to the length that `batchSchema` allows. */
const longestId = 200;

/**
 * The page that the button in a mail opens. It exists because mail readers drop links to an app. It contains no
 * personal data.
 */
export function openRoutes(): readonly Route[] {
  return [
    {
      method: 'get',
      path: '/open/b/:batchId',
      access: 'anyone',
      operation: {
        summary: 'Show the page that opens a batch in the app',
        answers: { 200: { description: 'The page.', body: { contentType: 'text/html' } } },
      },
      async handle({ request, response }) {
        const batchId = pathParameter(request, 'batchId');
        if (batchId.length > longestId || /\p{Cc}/u.test(batchId)) throw noSuchAddress();
        response.set(
          'Content-Security-Policy',
          `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
        );
        response.type('text/html').send(pageFor(batchId));
      },
    },
  ];
}

function pageFor(batchId: string): string {
  const link = `soundlift://b/${inLink(batchId)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="0; url=${link}">
<title>Open Soundlift</title>
<style>${style}</style>
</head>
<body>
<main>
  <h1>Opening Soundlift</h1>
  <p>Your computer may ask you to allow this.</p>
  <a href="${link}">Open Soundlift</a>
  <p class="foot">Without the app on this device, the MP3s stay on the server. Open this mail on a device with Soundlift, or download them with the command in the mail.</p>
</main>
</body>
</html>
`;
}

/** Of the characters that could be markup or end an attribute, encodeURIComponent leaves only the quote. */
function inLink(id: string): string {
  return encodeURIComponent(id.toWellFormed()).replaceAll("'", '%27');
}
