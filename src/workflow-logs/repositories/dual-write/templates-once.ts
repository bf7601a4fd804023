import { once } from "../../../engine/once.ts";
import type { Client } from "@elastic/elasticsearch";
import type { TemplateSettings } from "../../../stores/elasticsearch/indices/template-files.ts";
import { withoutLimits } from "../../../stores/elasticsearch/request-limits.ts";
import { installTemplates } from "../../../stores/elasticsearch/indices/templates.ts";

/** An application may be the first to write anything: its indices need their templates. */
export class TemplatesOnce {
  private installed: (() => Promise<unknown>) | undefined;

  /** Resolves when the templates are there; looks only once, until `lookAgain`. */
  async install(client: Client, settings: TemplateSettings): Promise<void> {
    this.installed ??= once(() => withoutLimits(() => installTemplates(client, settings)));
    await this.installed();
  }

  lookAgain(): void {
    this.installed = undefined;
  }
}
