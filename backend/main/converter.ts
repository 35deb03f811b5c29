// A converter as a process of its own.
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openClusterParts } from './cluster-parts.ts';
import { runService } from './run-service.ts';
import { startConverterService } from './services.ts';
import { openWorkFolder } from './work-folder.ts';

await runService(async ({ config, log, running, signal, say }) => {
  const binaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '', ffmpegPath: config.ffmpegPath });
  const { path: workFolder } = running.use(await openWorkFolder(log));
  const parts = running.use(await openClusterParts(config, log, { signal, workFolder }));
  const converter = await startConverterService(parts, { ...config, binaries, whenFull: 'wait' });
  running.defer(() => converter.stop());
  say(`converting up to ${config.converterConcurrency} at once`);
});
