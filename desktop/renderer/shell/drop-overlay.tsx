import { type ReactNode, useEffect, useState } from 'react';
import { dropDetail } from '../../words/setting-words.ts';
import { useAppState, useSoundlift } from '../store/app-store.ts';
import { dropTitle } from './dragged-files.ts';
import { Motif } from './motif.tsx';

/** Takes drops anywhere on the window, and says so during the drag. */
export function DropOverlay(): ReactNode {
  const soundlift = useSoundlift();
  const [title, setTitle] = useState<string>();
  const detail = useAppState((state) => dropDetail(state.settings.quality, state.settings.saveTo));

  useEffect(() => {
    const over = (event: DragEvent): void => {
      const { dataTransfer } = event;
      if (dataTransfer?.types.includes('Files') !== true) return;
      // Otherwise the browser opens the file instead of the app.
      event.preventDefault();
      dataTransfer.dropEffect = 'copy';
      setTitle(dropTitle([...dataTransfer.items]));
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setTitle(undefined);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setTitle(undefined);
      const paths = soundlift.pathsOf([...(event.dataTransfer?.files ?? [])]);
      if (paths.length > 0) void soundlift.addPaths(paths);
    };
    document.addEventListener('dragenter', over);
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragenter', over);
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, [soundlift]);

  if (title === undefined) return null;
  return (
    <div className="drop" role="status">
      <Motif />
      <h1>{title}</h1>
      <p className="quiet">{detail}</p>
    </div>
  );
}
