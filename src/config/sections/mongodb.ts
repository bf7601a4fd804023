/** LightRAG's variables of MongoDB. */
export const mongodbVariables = { required: ["MONGO_URI", "MONGO_DATABASE"], workspace: "MONGODB_WORKSPACE" } as const;
