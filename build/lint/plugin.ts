import { importsRule } from './imports-rule.ts';

/** Our own rules, as oxlint loads them. */
const plugin = { meta: { name: 'soundlift' }, rules: { imports: importsRule } };

export default plugin;
