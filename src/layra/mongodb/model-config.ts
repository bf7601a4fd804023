import type { Stores } from "../stores.ts";
import { failed, type Outcome, success } from "../outcome.ts";
import { collection, type Model } from "./documents.ts";

/** A user's models, one of them selected. A configuration that is there already stays as it is. */
export async function createModelConfig(
  stores: Stores,
  username: string,
  selectedModel: string,
  models: readonly Model[],
): Promise<Outcome> {
  const db = await stores.mongodb();
  const { upsertedCount } = await collection(db, "model_config").updateOne(
    { username },
    { $setOnInsert: { selected_model: selectedModel, models: [...models] } },
    { upsert: true },
  );
  return upsertedCount === 1
    ? success("Model configuration created")
    : failed("User has a model configuration already");
}

export async function addModelConfig(stores: Stores, username: string, model: Model): Promise<Outcome> {
  const db = await stores.mongodb();
  const { matchedCount } = await collection(db, "model_config").updateOne(
    { username, "models.model_id": { $ne: model.model_id } },
    { $push: { models: model } },
  );
  if (matchedCount === 1) return success("Model added");
  const isThere = await collection(db, "model_config").countDocuments({ username });
  return failed(isThere > 0 ? "Model ID already exists" : "User not found");
}

/** Changes the fields that are given, of one model. */
export async function updateModelConfig(
  stores: Stores,
  username: string,
  modelId: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  const changes = Object.entries(fields).filter(([name]) => name !== "model_id");
  if (changes.length === 0) return failed("No field to change");
  // a dot or a dollar in a name would reach into other fields
  if (changes.some(([name]) => !/^\w+$/.test(name))) return failed("A name of a field has letters, digits and _ only");
  const db = await stores.mongodb();
  const { matchedCount } = await collection(db, "model_config").updateOne(
    { username, "models.model_id": modelId },
    { $set: Object.fromEntries(changes.map(([name, value]) => [`models.$.${name}`, value])) },
  );
  return matchedCount === 1 ? success("Model changed") : failed("Model not found");
}

export type SelectedModel = Outcome & { readonly select_model_config?: Model };

export async function getSelectedModelConfig(stores: Stores, username: string): Promise<SelectedModel> {
  const db = await stores.mongodb();
  const config = await collection(db, "model_config").findOne({ username });
  if (config === null) return failed("User not found");
  const selected = config.models.find(({ model_id }) => model_id === config.selected_model);
  return selected === undefined
    ? failed("Selected model not found")
    : { ...success("Model found"), select_model_config: selected };
}

/** Of the selected one, another takes its place: the first that is left. */
export async function deleteModelConfig(stores: Stores, username: string, modelId: string): Promise<Outcome> {
  const db = await stores.mongodb();
  const models = collection(db, "model_config");
  const { modifiedCount } = await models.updateOne(
    { username, "models.model_id": modelId },
    { $pull: { models: { model_id: modelId } } },
  );
  if (modifiedCount === 0) return failed("Model not found");
  const left = await models.findOne({ username });
  await models.updateOne(
    { username, selected_model: modelId },
    { $set: { selected_model: left?.models[0]?.model_id ?? "" } },
  );
  return success("Model deleted");
}
