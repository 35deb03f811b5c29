/** The most peaks that are drawn for one MP3. */
export const maxPeaks = 400;

/** More buckets than peaks, so that the edges of a peak are right to a 32nd of its width, however long the audio is. */
const maxBuckets = maxPeaks * 64;
const bytesPerSample = 2;

/**
 * Collects the loudest sample of each equal part of the audio, from a stream of samples: signed 16 bit, low byte first,
 * one channel. It uses the same amount of memory for a second and for a day.
 */
export class PeakCollector {
  /** The largest magnitude (0–32768) in each run of `#samplesPerBucket` samples. */
  readonly #buckets = new Uint16Array(maxBuckets);
  #samplesPerBucket = 1;
  #bucket = 0;
  #samplesInBucket = 0;
  /** The first byte of a sample whose second byte is in the next chunk. */
  #lowByte: number | undefined;

  /** Adds the next bytes, in chunks of any size. */
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
   * Integers 0–255 in proportion to the amplitude; 255 is full scale. Returns {@link maxPeaks} of them, evenly spaced
   * over the audio so far, or one for each sample if there are fewer samples.
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
    // An Int16Array needs an even address, so the bytes are copied if they start at an odd one. Every platform that our
    // builds run on is little-endian.
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
