import { describeCommandLine } from './command-line-flow.ts';
import { startEmbeddedBackend } from './embedded-backend.ts';
import { describeKilledServer } from './faults-flow.ts';
import { describeFlow } from './flow.ts';
import { describeMail } from './mail-flow.ts';

describeFlow('the embedded backend', startEmbeddedBackend, (flow) => {
  describeMail(flow);
  describeCommandLine(flow);
  describeKilledServer(flow);
});
