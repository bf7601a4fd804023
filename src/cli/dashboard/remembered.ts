/** An answer that takes long, read anew when it is old; everybody who waits meanwhile waits for the same reading. */
export class Remembered<T> {
  private readonly read: () => Promise<T>;
  private readonly freshMillis: number;
  private last: { readonly at: Date; readonly since: number; readonly answer: T } | undefined;
  private reading: Promise<{ readonly at: Date; readonly answer: T }> | undefined;

  constructor(freshMillis: number, read: () => Promise<T>) {
    this.freshMillis = freshMillis;
    this.read = read;
  }

  /** As of `at`. Throws what the reading throws; the next call tries again. */
  async get(): Promise<{ readonly at: Date; readonly answer: T }> {
    const { last } = this;
    if (last !== undefined && performance.now() - last.since < this.freshMillis) return last;
    this.reading ??= this.readAnew().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readAnew(): Promise<{ readonly at: Date; readonly answer: T }> {
    const at = new Date();
    this.last = { at, answer: await this.read(), since: performance.now() };
    return this.last;
  }
}
