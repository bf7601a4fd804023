const quietMillis = 60_000;

/** Passes each message on once a minute: while a server is away there are several a second. */
export function seldom(tell: (message: string) => void): (message: string) => void {
  const told = new Map<string, number>();
  return (message) => {
    const now = performance.now();
    for (const [earlier, at] of told) if (now - at > quietMillis) told.delete(earlier);
    if (told.has(message)) return;
    told.set(message, now);
    tell(message);
  };
}
