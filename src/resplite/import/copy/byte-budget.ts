/** Bytes that may be in memory at once. One that alone is larger than all waits until nothing else is. */
export class ByteBudget {
  readonly #most: number;
  #taken = 0;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves, first come first served, when there is room; with what gives it back. */
  async take(bytes: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#hasRoom(bytes))
      await new Promise<void>((go) => this.#waiting.push({ bytes, go }));
    else this.#taken += bytes;
    return () => {
      this.#taken -= bytes;
      for (let next = this.#waiting[0]; next !== undefined && this.#hasRoom(next.bytes); next = this.#waiting[0]) {
        this.#waiting.shift();
        this.#taken += next.bytes;
        next.go();
      }
    };
  }

  #hasRoom(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#most;
  }
}
