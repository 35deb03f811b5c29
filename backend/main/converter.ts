// A converter as a process of its own.
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openServiceParts } from './open-service-parts.ts';
import { runService } from './run-service.ts';
import { startConverterService } from './services.ts';
import { openWorkFolder } from './work-folder.ts';

await runService(async (service) => {
  const { config, log, running, say } = service;
  const binaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '', ffmpegPath: config.ffmpegPath });
  const { path: workFolder } = running.use(await openWorkFolder(log));
  const parts = await openServiceParts(service, { workFolder });
  const converter = await startConverterService(parts, { ...config, binaries, whenFull: 'wait' });
  running.defer(() => converter.stop());
  say(`converting up to ${config.converterConcurrency} at once`);
});
