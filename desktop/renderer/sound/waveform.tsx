import { type MouseEvent, type PointerEvent, type ReactNode, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { spokenDuration } from '../../../shared/words/measures.ts';
import { say } from '../../words/say.ts';
import { usePeaks } from './use-peaks.ts';
import { barDistance, barsOf, wavePath } from './wave-path.ts';

export interface WaveformProps {
  /** Id of a row or of an item of the history. */
  readonly id: string;
  /** Name of the sound, for screen readers. */
  readonly name: string;
  readonly durationSeconds: number | undefined;
  /** The playing position; absent if it is not the current sound. Only then the waveform is a slider. */
  readonly positionSeconds?: number | undefined;
  /** Whether the conversion has just finished, so that the bars are animated. */
  readonly fresh?: boolean | undefined;
  readonly onSeek?: (seconds: number) => void;
}

/** A sound as bars. While it plays, a slider of its position. */
export function Waveform(props: WaveformProps): ReactNode {
  const { id, name, durationSeconds, positionSeconds, fresh, onSeek } = props;
  const peaks = usePeaks(id);
  const svg = useRef<SVGSVGElement>(null);
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });

  useLayoutEffect(() => {
    const element = svg.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const path = useMemo(
    () => wavePath(barsOf(peaks ?? [], Math.floor(width / barDistance)), height),
    [peaks, width, height],
  );
  const className = fresh === true ? 'wave new' : 'wave';
  if (positionSeconds === undefined || durationSeconds === undefined) {
    return (
      <svg ref={svg} className={className} role="img" aria-label={say('listWaveformOf', { name })}>
        <path d={path} />
      </svg>
    );
  }

  function seekTo(event: PointerEvent<SVGSVGElement>): void {
    const box = event.currentTarget.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    onSeek?.(share * (durationSeconds ?? 0));
  }

  const at = width * Math.min(1, positionSeconds / Math.max(durationSeconds, 0.001));
  return (
    <svg
      ref={svg}
      className={className}
      role="slider"
      tabIndex={-1}
      aria-label={say('listPositionIn', { name })}
      aria-valuemin={0}
      aria-valuemax={Math.round(durationSeconds)}
      aria-valuenow={Math.round(positionSeconds)}
      aria-valuetext={say('listPositionSpoken', {
        position: spokenDuration(positionSeconds),
        duration: spokenDuration(durationSeconds),
      })}
      // Otherwise the row would be dragged.
      onMouseDown={(event: MouseEvent) => event.preventDefault()}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        event.currentTarget.focus();
        seekTo(event);
      }}
      onPointerMove={(event) => {
        if (event.currentTarget.hasPointerCapture(event.pointerId)) seekTo(event);
      }}
    >
      {/* The bars are thin, so the whole box takes the pointer. */}
      <rect width={width} height={height} fill="transparent" stroke="none" />
      <path d={path} />
      <path className="played" d={path} style={{ clipPath: `inset(-2px ${width - at}px -2px -2px)` }} />
      <path className="head" d={`M${at} 0v${height}`} />
    </svg>
  );
}
