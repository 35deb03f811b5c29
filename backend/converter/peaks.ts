/** How many peaks a sound is drawn with at most. */
export const maxPeaks = 400;

/** Finer than what is drawn, so that a peak's edges are right to a 32nd of its width, however long the sound becomes. */
const maxBuckets = maxPeaks * 64;
const bytesPerSample = 2;

/**
 * The loudest moments of a sound, in equal parts of its length, from samples that pass by once: signed 16 bit, low byte
 * first, one channel. Its memory is the same for a second and for a day.
 */
export class PeakCollector {
  /** The largest magnitude (0–32768) in each run of `#samplesPerBucket` samples. */
  readonly #buckets = new Uint16Array(maxBuckets);
  #samplesPerBucket = 1;
  #bucket = 0;
  #samplesInBucket = 0;
  /** Half a sample, where a chunk ended in the middle of one. */
  #lowByte: number | undefined;

  /** Takes the next bytes, as many as there happen to be. */
  add(chunk: Uint8Array): void {
    let from = 0;
    if (this.#lowByte !== undefined && chunk.length > 0) {
      const pair = Uint8Array.of(this.#lowByte, chunk[0] ?? 0);
      this.#lowByte = undefined;
      this.#addSamples(pair);
      from = 1;
    }
    const whole = chunk.length - from - ((chunk.length - from) % bytesPerSample);
    if (whole > 0) this.#addSamples(chunk.subarray(from, from + whole));
    if (from + whole < chunk.length) this.#lowByte = chunk[from + whole];
  }

  /**
   * Integers 0–255, in proportion to the amplitude, 255 being full scale: {@link maxPeaks} of them, evenly over the sound so
   * far, or one a sample where there are fewer samples.
   */
  peaks(): number[] {
    const samples = this.#bucket * this.#samplesPerBucket + this.#samplesInBucket;
    const count = Math.min(maxPeaks, samples);
    const peaks: number[] = [];
    for (let peak = 0; peak < count; peak += 1) {
      const start = Math.floor((peak * samples) / count);
      const end = Math.floor(((peak + 1) * samples) / count);
      const firstBucket = Math.floor(start / this.#samplesPerBucket);
      const endBucket = Math.ceil(end / this.#samplesPerBucket);
      let magnitude = 0;
      for (let bucket = firstBucket; bucket < endBucket; bucket += 1) {
        magnitude = Math.max(magnitude, this.#buckets[bucket] ?? 0);
      }
      peaks.push(Math.min(255, Math.round((magnitude * 255) / 32768)));
    }
    return peaks;
  }

  #addSamples(bytes: Uint8Array): void {
    // Copied only where it must be: an Int16Array wants an even address. Every platform that Node runs our builds on keeps
    // the low byte first.
    const aligned = bytes.byteOffset % bytesPerSample === 0 ? bytes : bytes.slice();
    const samples = new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length / bytesPerSample);
    let at = 0;
    while (at < samples.length) {
      if (this.#bucket === maxBuckets) this.#widenBuckets();
      const end = Math.min(samples.length, at + this.#samplesPerBucket - this.#samplesInBucket);
      let magnitude = this.#samplesInBucket === 0 ? 0 : (this.#buckets[this.#bucket] ?? 0);
      for (let index = at; index < end; index += 1) {
        const sample = samples[index] ?? 0;
        const positive = sample < 0 ? -sample : sample;
        if (positive > magnitude) magnitude = positive;
      }
      this.#buckets[this.#bucket] = magnitude;
      this.#samplesInBucket += end - at;
      if (this.#samplesInBucket === this.#samplesPerBucket) {
        this.#bucket += 1;
        this.#samplesInBucket = 0;
      }
      at = end;
    }
  }

  /** Halves the number of buckets and doubles their width. */
  #widenBuckets(): void {
    const half = maxBuckets / 2;
    for (let bucket = 0; bucket < half; bucket += 1) {
      this.#buckets[bucket] = Math.max(this.#buckets[2 * bucket] ?? 0, this.#buckets[2 * bucket + 1] ?? 0);
    }
    this.#bucket = half;
    this.#samplesPerBucket *= 2;
  }
}
