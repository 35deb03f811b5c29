import type { Cost } from './measure.ts';
import type { Figures, Row } from './row.ts';

/** The figures of a row, in lines for a person. */
export function describeFigures(row: Row, figures: Figures): string {
  const { ours, peer, holds, notes = [] } = figures;
  const lines = [`${row.name}: ${row.what}`];
  if (ours !== undefined) lines.push(`  ours   ${describeCost(ours)}`);
  if (peer !== undefined) lines.push(`  peer   ${describeCost(peer)}  ${row.against}`);
  if (ours !== undefined && peer !== undefined) {
    const wall = (ours.wallSeconds / peer.wallSeconds).toFixed(2);
    const cpu = (ours.cpuSeconds / peer.cpuSeconds).toFixed(2);
    const onTop = (ours.wallSeconds - peer.wallSeconds).toFixed(2);
    lines.push(`  ratio  wall ${wall}   CPU ${cpu}   (${onTop} s on top)`);
  }
  for (const note of notes) lines.push(`  ${note}`);
  if (row.limit !== undefined) lines.push(`  limit  ${row.limit}: ${holds === true ? 'held' : 'MISSED'}`);
  return `${lines.join('\n')}\n`;
}

function describeCost({ wallSeconds, cpuSeconds }: Cost): string {
  return `wall ${wallSeconds.toFixed(2).padStart(6)} s   CPU ${cpuSeconds.toFixed(2).padStart(6)} s`;
}
