/** Milliseconds until the next `HH:MM` in UTC; a whole day when it is that minute's start. */
export function millisUntil(time: string, now: Date): number {
  const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
  if (hour === undefined || minute === undefined) throw new Error(`${time} is no time such as 03:00`);
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate(), Number(hour), Number(minute));
  const wait = next - now.getTime();
  return wait > 0 ? wait : wait + 24 * 60 * 60 * 1000;
}
