import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DetailedError, Upload } from 'tus-js-client';
import { conversionSchema } from '../../../shared/api.ts';
import type { SeededRandom } from '../stress/seeded-random.ts';
import type { ChaosJob } from './chaos-workload.ts';
import type { SupervisedService } from './supervised-service.ts';
import { uploadSeconds, type WatchedAnswers } from './watched-answers.ts';

export interface SendingParts {
  readonly gateways: readonly SupervisedService[];
  readonly answers: WatchedAnswers;
  readonly random: SeededRandom;
  /** Called when nothing tells whether an upload by a form was accepted. */
  readonly doubt: (job: ChaosJob) => void;
}

/** How one try ended: with the id of the conversion, or with how long to wait before the next one. */
type Try = { readonly id: string } | { readonly waitSeconds: number };

const usualWaitSeconds = 0.5;

/**
 * Sends a video until a gateway has acknowledged it. After each failure it goes on at another gateway, after the time that `Retry-After`
 * says. Resolves with the id of the conversion.
 */
export async function sendVideo(
  job: ChaosJob,
  token: string,
  parts: SendingParts,
  first?: SupervisedService,
): Promise<string> {
  const upload = { url: '' };
  let gateway = first ?? parts.random.pick(parts.gateways);
  for (;;) {
    const tried = await (job.way === 'form'
      ? sendForm(job, token, gateway, parts)
      : sendResumable(job, token, gateway, parts, upload));
    if ('id' in tried) return tried.id;
    await delay(tried.waitSeconds * 1000);
    const others = parts.gateways.filter((one) => one !== gateway);
    gateway = parts.random.pick(others);
  }
}

async function sendForm(job: ChaosJob, token: string, gateway: SupervisedService, parts: SendingParts): Promise<Try> {
  const form = new FormData();
  form.set('file', await openAsBlob(job.source.path), job.fileName);
  const begunAt = performance.now();
  const signal = AbortSignal.timeout(uploadSeconds * 1000);
  try {
    const init = { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: form, signal };
    const answer = await fetch(`${gateway.url}/upload`, init);
    const text = await answer.text();
    const retryAfter = answer.headers.get('retry-after');
    parts.answers.answered(gateway, 'POST /upload', begunAt, { status: answer.status, retryAfter });
    if (answer.status === 200) return { id: conversionSchema.parse(JSON.parse(text)).id };
    parts.doubt(job);
    return { waitSeconds: Number(retryAfter ?? usualWaitSeconds) };
  } catch {
    parts.answers.unanswered(gateway, 'POST /upload', begunAt, signal.aborted ? 'late' : 'broken');
    parts.doubt(job);
    return { waitSeconds: usualWaitSeconds };
  }
}

/** `upload.url` is where the upload was created, at whichever gateway. */
async function sendResumable(
  job: ChaosJob,
  token: string,
  gateway: SupervisedService,
  { answers }: SendingParts,
  upload: { url: string },
): Promise<Try> {
  const bytes = await readFile(job.source.path);
  const { batchId, batchSize } = job.batch ?? {};
  const here = (url: string): string => gateway.url + new URL(url).pathname;
  return await new Promise<Try>((resolve) => {
    let lastSign = performance.now();
    let request = '';
    const sign = (): void => {
      lastSign = performance.now();
    };
    const patience = setInterval(() => {
      if (performance.now() - lastSign < uploadSeconds * 1000) return;
      answers.unanswered(gateway, request, lastSign, 'late');
      void running.abort();
      end({ waitSeconds: usualWaitSeconds });
    }, 250);
    function end(tried: Try): void {
      clearInterval(patience);
      if (running.url !== null) upload.url = running.url;
      resolve(tried);
    }

    const running = new Upload(bytes, {
      endpoint: `${gateway.url}/api/v1/uploads`,
      uploadUrl: upload.url === '' ? null : here(upload.url),
      retryDelays: null,
      storeFingerprintForResuming: false,
      headers: { Authorization: `Bearer ${token}` },
      metadata: {
        filename: job.fileName,
        key: job.key,
        ...(batchId === undefined ? {} : { batchId, batchSize: String(batchSize) }),
      },
      onBeforeRequest(each) {
        sign();
        request = `${each.getMethod()} an upload`;
      },
      onProgress: sign,
      onAfterResponse(_request, answer) {
        const retryAfter = answer.getHeader('Retry-After');
        answers.answered(gateway, request, lastSign, { status: answer.getStatus(), retryAfter });
        sign();
      },
      onSuccess: () => end({ id: new URL(running.url ?? '').pathname.split('/').at(-1) ?? '' }),
      onError(error) {
        const answer = error instanceof DetailedError ? error.originalResponse : null;
        if (answer === null) answers.unanswered(gateway, request, lastSign, 'broken');
        end({ waitSeconds: Number(answer?.getHeader('Retry-After') ?? usualWaitSeconds) });
      },
    });
    running.start();
  });
}
