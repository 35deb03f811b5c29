/** An option of the project in Playwright's configuration. */
export interface ServerOption {
  /** What `openServer` starts: a server in a single process, or a cluster. */
  readonly server: 'single' | 'cluster';
}
