import { escapeHtml } from '../http/escape-html.ts';
import type { MailContent, MailLine } from './mail-content.ts';

/** Part of the document itself: mail readers load no style sheets, and many ignore other styles. */
const style = `
  body { margin: 0; padding: 24px 12px; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #16191a; background: #f4f6f6; }
  table { border-collapse: collapse; }
  .card { width: 100%; max-width: 560px; margin: 0 auto; background: #fff; border-radius: 12px; }
  .card > tbody > tr > td { padding: 28px 28px 20px; }
  h1 { margin: 0 0 4px; font-size: 20px; line-height: 1.3; overflow-wrap: anywhere; }
  h2 { margin: 20px 0 4px; font-size: 15px; }
  p { margin: 0 0 16px; }
  .list { width: 100%; }
  .list td { padding: 8px 0; border-top: 1px solid #e3e7e7; vertical-align: top; overflow-wrap: anywhere; word-break: break-word; }
  .list .n { width: 1%; padding-left: 16px; text-align: right; white-space: nowrap; color: #566164; font-variant-numeric: tabular-nums; }
  .id, .foot, .more { font-size: 12px; color: #566164; }
  .id { font-family: ui-monospace, Consolas, monospace; }
  .why { font-size: 13px; color: #b3261e; }
  .flaw { font-size: 13px; color: #566164; }
  .go { display: inline-block; margin: 20px 0 12px; padding: 9px 18px; border-radius: 8px; background: #00756f; color: #fff; text-decoration: none; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    body { background: #17191a; color: #eef1f1; } .card { background: #1e2122; } .list td { border-color: #32383a; }
    .list .n, .id, .foot, .more, .flaw { color: #a8b2b4; } .why { color: #ff8f85; } .go { background: #4cc9bd; color: #04211f; }
  }
`;

/** The HTML part of a mail, with the same sentences as the text part. */
export function batchMailHtml(content: MailContent): string {
  const { doneHeading, doneSentence, failedHeading, results, failures, moreResults, moreFailures, kept } = content;
  const failedTag = doneHeading === undefined ? 'h1' : 'h2';
  const parts = [
    ...(doneHeading === undefined
      ? []
      : [
          `  <h1 dir="auto">${escapeHtml(doneHeading)}</h1>`,
          `  <p>${escapeHtml(doneSentence ?? '')}</p>`,
          ...listed(results.map(resultRow), moreResults, 2),
        ]),
    ...(failedHeading === undefined
      ? []
      : [
          `  <${failedTag}>${escapeHtml(failedHeading)}</${failedTag}>`,
          ...listed(failures.map(failureRow), moreFailures, 1),
        ]),
    `  <a class="go" href="${escapeHtml(content.openUrl)}">Open Soundlift</a>`,
    `  <p class="foot">${escapeHtml(kept === undefined ? content.foot : `${kept} ${content.foot}`)}</p>`,
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(content.subject)}</title>
<style>${style}</style>
</head>
<body>
<table class="card" role="presentation"><tr><td>
${parts.join('\n')}
</td></tr></table>
</body>
</html>
`;
}

function listed(rows: readonly string[], moreWords: string | undefined, columns: number): readonly string[] {
  const more =
    moreWords === undefined ? [] : [`    <tr><td class="more" colspan="${columns}">${escapeHtml(moreWords)}</td></tr>`];
  return ['  <table class="list">', ...rows, ...more, '  </table>'];
}

// Each name keeps its own text direction but is aligned left.
function resultRow({ name, id, duration, size, remarks }: MailLine): string {
  const flaws = remarks.map((remark) => `<br><span class="flaw" dir="ltr">${escapeHtml(remark)}</span>`).join('');
  return (
    `    <tr><td dir="auto" align="left">${escapeHtml(name)}${flaws}<br><span class="id" dir="ltr">${escapeHtml(id ?? '')}</span></td>` +
    `<td class="n">${escapeHtml(duration ?? '')}<br>${escapeHtml(size ?? '')}</td></tr>`
  );
}

function failureRow({ name, remarks }: MailLine): string {
  const why = `<span class="why" dir="ltr">${escapeHtml(remarks.join(' '))}</span>`;
  return `    <tr><td dir="auto" align="left">${escapeHtml(name)}<br>${why}</td></tr>`;
}
