import { useEffect, useState } from 'react';

/** What main answers to `ask`, asked when that is another function: undefined until it does, null where it fails. */
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
