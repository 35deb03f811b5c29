import { useEffect, useState } from 'react';

/** Main's answer to `ask`, which is called again whenever it is another function. Undefined until the answer, null if it fails. */
export function useAnswer<Answer>(ask: () => Promise<Answer | null>): Answer | null | undefined {
  const [answer, setAnswer] = useState<Answer | null>();
  useEffect(() => {
    let left = false;
    const show = (found: Answer | null): void => {
      if (!left) setAnswer(found);
    };
    ask().then(show, () => show(null));
    return () => {
      left = true;
    };
  }, [ask]);
  return answer;
}
