import { startEmbeddedBackend } from './embedded-backend.ts';
import { describeFlow } from './flow.ts';

describeFlow('the embedded backend', startEmbeddedBackend);
