/** The procedure of docs/cutover.md: what comes after each of its steps. */
const steps = {
  preflight:
    "app elasticsearch capture install, so that nothing written from now on is missed; then app elasticsearch migrate",
  capture: "app elasticsearch migrate",
  migrate: "app elasticsearch validate --full",
  validate:
    "app elasticsearch apply-dirty, again until little is left; then app elasticsearch rollout set, or cleanup-pg --dry-run",
  validateWithoutCapture:
    "app elasticsearch rollout set, or cleanup-pg --dry-run; rows written since are copied by another migrate, for capture is not installed",
  applied:
    "the same again until little is left; then app elasticsearch rollout set --write both, or stop the writers, and apply-dirty --until-empty",
  empty: "app elasticsearch validate --full, then app elasticsearch rollout set --read elasticsearch",
  both: "app elasticsearch apply-dirty --until-empty",
  switched:
    "app elasticsearch cleanup-pg --dry-run, when you are content; app elasticsearch rollout rollback switches back",
  wouldPurge: "the same without --dry-run",
  unreplicated:
    "give the indices a replica (ELASTICSEARCH_NUMBER_OF_REPLICAS is for new ones) or take a snapshot of them; or accept single copies with --allow-unreplicated",
  nothingProven: "what the meanings above say, then the same command again",
  nothingToPurge: "nothing; a later --before-date, or the same command later",
  purged: "app elasticsearch validate --full --start-date of a few days ago, and validate --sample-size for the rest",
} as const;

/** The line that tells an operator how to go on. */
export function nextStep(after: keyof typeof steps): string {
  return `Next: ${steps[after]}`;
}
