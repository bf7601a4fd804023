import type { UserDay } from "../run-reads.ts";

export function terminalsOf(userDays: readonly UserDay[]): { date: string; terminalCount: number }[] {
  return days(userDays, (some) => ({ terminalCount: users(some) }));
}

export function averagesOf(userDays: readonly UserDay[]): { date: string; interactions: number }[] {
  return days(userDays, (some) => {
    const count = some.reduce((sum, { runs }) => sum + runs, 0);
    const divisor = users(some);
    return { interactions: Math.floor((200 * count + divisor) / (2 * divisor)) / 100 };
  });
}

function users(userDays: readonly UserDay[]): number {
  return new Set(userDays.map(({ user }) => user)).size;
}

function days<V extends object>(
  userDays: readonly UserDay[],
  value: (some: readonly UserDay[]) => V,
): ({ date: string } & V)[] {
  const byDate = Map.groupBy(userDays, ({ date }) => date);
  return Array.from(byDate, ([date, some]) => ({ date, ...value(some) })).toSorted((a, b) =>
    a.date < b.date ? -1 : 1,
  );
}
