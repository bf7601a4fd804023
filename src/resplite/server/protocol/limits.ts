/** What one client may make the server hold. Redis' own limits, but where it is said otherwise. */
export interface ProtocolLimits {
  /** Of one argument (proto-max-bulk-len). */
  readonly bulkBytes: number;
  /** Of one command with all its arguments (client-query-buffer-limit). */
  readonly commandBytes: number;
  /**
   * Arguments of one command: each takes more here than the six bytes a client needs for an empty one, so 2^20 as in
   * Redis 6, not 2^31.
   */
  readonly arguments: number;
  /** Of a line: an inline command, or a length. */
  readonly lineBytes: number;
}

const megabyte = 1024 * 1024;

export const protocolLimits: ProtocolLimits = {
  bulkBytes: 512 * megabyte,
  commandBytes: 1024 * megabyte,
  arguments: megabyte,
  lineBytes: 64 * 1024,
};

/** Of one who has not given the password yet: enough to give it. */
export const strangerLimits: ProtocolLimits = {
  bulkBytes: 16_384,
  commandBytes: 65_536,
  arguments: 10,
  lineBytes: 64 * 1024,
};
