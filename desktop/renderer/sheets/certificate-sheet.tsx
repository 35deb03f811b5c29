import { Fragment, type ReactNode, useCallback } from 'react';
import { isolate } from '../../../shared/words/measures.ts';
import { dateWords } from '../../words/account-words.ts';
import { say } from '../../words/say.ts';
import { useSoundlift } from '../store/app-store.ts';
import { Sheet } from './sheet.tsx';
import { useAnswer } from './use-answer.ts';

/** Shows a server's certificate. `address` is as it was typed. */
export function CertificateSheet({
  address,
  host,
  onClose,
}: {
  readonly address: string;
  readonly host: string;
  readonly onClose: () => void;
}): ReactNode {
  const soundlift = useSoundlift();
  const certificate = useAnswer(useCallback(() => soundlift.certificate(address), [soundlift, address]));

  return (
    <Sheet title={say('welcomeCertificateTitle', { host: isolate(host) })} onClose={onClose}>
      {certificate === null && <p className="quiet">{say('welcomeCertificateNone')}</p>}
      {certificate !== null && certificate !== undefined && (
        <dl className="facts">
          <Fact name={say('welcomeCertificateFor')}>{certificate.subject}</Fact>
          <Fact name={say('welcomeCertificateBy')}>{certificate.issuer}</Fact>
          <Fact name={say('welcomeCertificateValid')}>
            {say('welcomeCertificateDates', {
              from: dateWords(certificate.validFrom),
              to: dateWords(certificate.validTo),
            })}
          </Fact>
          <Fact name={say('welcomeCertificateFingerprint')}>{breakable(certificate.fingerprint)}</Fact>
        </dl>
      )}
      <footer>
        <button type="button" className="btn primary" autoFocus onClick={onClose}>
          {say('settingsClose')}
        </button>
      </footer>
    </Sheet>
  );
}

/** A fingerprint that can be broken between its pairs. */
function breakable(fingerprint: string): ReactNode {
  return fingerprint.split(/(?<=:)/).map((pair, index) => (
    <Fragment key={index}>
      {pair}
      <wbr />
    </Fragment>
  ));
}

function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </>
  );
}
