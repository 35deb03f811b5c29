/** Errors of a name server or of a connection: this machine is offline, or the other one is away. */
const networkError = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b/;

/**
 * What to tell a person after electron-builder has failed with this report: a sentence if it could not download something, and
 * otherwise the report, whose stack trace may be needed.
 */
export function builderFailure(report: string): string {
  const [error] = networkError.exec(report) ?? [];
  if (error === undefined) return report;
  return `The package could not be made: Electron or a tool for it could not be downloaded (${error}). Try again online.`;
}
