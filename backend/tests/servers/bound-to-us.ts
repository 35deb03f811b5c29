/**
 * The words that start a program so that it ends with this process, even if that is killed with SIGKILL. Only Linux has setpriv(1), which
 * keeps the process id. Elsewhere a killed process leaves the program behind.
 */
export function boundToUs(program: string, ...args: readonly string[]): readonly [string, ...string[]] {
  return process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--', program, ...args] : [program, ...args];
}
