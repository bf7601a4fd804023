/** LightRAG's variables of Redis. */
export const redisVariables = { required: ["REDIS_URI"], workspace: "REDIS_WORKSPACE" } as const;
