interface Waiter<T> {
  readonly wants: T;
  readonly goOn: () => void;
}

/** Those who wait, in the order in which they came. Who is stopped meanwhile leaves the line and holds up nobody. */
export class WaitingLine<T> {
  private readonly waiters: Waiter<T>[] = [];

  /** Resolves when `letFirstGo` has come to this one; rejects with AbortError when `signal` aborts before. */
  join(wants: T, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const at = this.waiters.indexOf(waiter);
        if (at >= 0) this.waiters.splice(at, 1);
        reject(new DOMException("stopped while waiting for its turn", "AbortError"));
      };
      const goOn = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const waiter: Waiter<T> = { wants, goOn };
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      this.waiters.push(waiter);
    });
  }

  get length(): number {
    return this.waiters.length;
  }

  /** Call when somebody waits; returns what the first one wanted. */
  letFirstGo(): T {
    const { wants, goOn } = this.waiters.shift()!;
    goOn();
    return wants;
  }
}
