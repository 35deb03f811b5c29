import { isIP } from 'node:net';

/**
 * The key by which a client is counted: an IPv4 address itself, the /64 network of an IPv6 address, since a customer gets
 * at least that many (RFC 6177), and anything else unchanged.
 */
export function networkOf(client: string): string {
  if (isIP(client) !== 6) return client;
  const [address = ''] = client.toLowerCase().split('%');
  const mapped = /^::ffff:([0-9.]+)$/.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [before = '', after] = address.split('::');
  const start = groupsOf(before);
  const end = groupsOf(after ?? '');
  const zeros = Array<string>(after === undefined ? 0 : Math.max(0, 8 - start.length - end.length)).fill('0');
  const network = [...start, ...zeros, ...end].slice(0, 4);
  return `${network.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** An IPv4 address at the end stands for two groups. Their values do not matter: they lie outside the network. */
function groupsOf(text: string): readonly string[] {
  return text.split(':').flatMap((group) => (group === '' ? [] : group.includes('.') ? ['0', '0'] : [group]));
}
