/** The part of a logger such as pino's that a worker needs. */
export type WorkerLog = Record<"info" | "warn" | "error", (fields: object, message: string) => void>;
