import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedParts } from '../../main/embedded-parts.ts';
import { describePoison, setUpPoisonStand } from './poison.ts';

const stand = setUpPoisonStand((folder) => openEmbeddedParts(join(folder, 'data'), pino({ level: 'silent' })));

describePoison('the embedded parts', stand);
