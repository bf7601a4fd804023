/** Tells keys that came before, as long as no more than `most` others came since; remembers at most twice as many. */
export class RecentKeys {
  private readonly most: number;
  private young = new Set<string>();
  private old = new Set<string>();

  constructor(most: number) {
    this.most = most;
  }

  /** False when it is there already. */
  add(key: string): boolean {
    if (this.young.has(key) || this.old.has(key)) return false;
    this.young.add(key);
    if (this.young.size >= this.most) {
      this.old = this.young;
      this.young = new Set();
    }
    return true;
  }
}
