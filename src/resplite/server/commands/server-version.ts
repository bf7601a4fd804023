/** Of the Redis whose answers ours are compared with, for clients that decide by it what to send. */
export const serverVersion = "7.0.15";
