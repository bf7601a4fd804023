/**
 * An answer that takes long, read anew when it is old. Who asks meanwhile gets the old one at once, unless it is very
 * old or the last reading failed; everybody who waits, waits for the same reading.
 */
export class Remembered<T> {
  private readonly read: () => Promise<T>;
  private readonly freshMillis: number;
  private readonly usableMillis: number;
  private last: { readonly at: Date; readonly since: number; readonly answer: T } | undefined;
  private reading: Promise<{ readonly at: Date; readonly answer: T }> | undefined;

  constructor(
    { freshMillis, usableMillis }: { readonly freshMillis: number; readonly usableMillis: number },
    read: () => Promise<T>,
  ) {
    this.freshMillis = freshMillis;
    this.usableMillis = usableMillis;
    this.read = read;
  }

  /** As of `at`. Throws what the reading throws; the next call tries again. */
  async get(): Promise<{ readonly at: Date; readonly answer: T }> {
    const { last } = this;
    const age = last === undefined ? Infinity : performance.now() - last.since;
    if (last !== undefined && age < this.freshMillis) return last;
    this.reading ??= this.readAnew().finally(() => (this.reading = undefined));
    if (last === undefined || age >= this.usableMillis) return this.reading;
    this.reading.catch(() => {}); // whoever asks next is told
    return last;
  }

  private async readAnew(): Promise<{ readonly at: Date; readonly answer: T }> {
    const at = new Date();
    try {
      this.last = { at, answer: await this.read(), since: performance.now() };
      return this.last;
    } catch (error) {
      this.last = undefined;
      throw error;
    }
  }
}
