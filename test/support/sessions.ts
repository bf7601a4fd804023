import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** Connections of an application beside the test's own. */
export interface Sessions {
  open(setup?: string): Promise<Client>;
  close(): Promise<void>;
}

export function sessions(databaseUrl: string, applicationName = "platform"): Sessions {
  const clients: Client[] = [];
  return {
    async open(setup) {
      const client = new Client({ connectionString: databaseUrl, application_name: applicationName });
      client.on("error", () => {}); // dropping the database ends it
      clients.push(client);
      await client.connect();
      if (setup !== undefined) await client.query(setup);
      return client;
    },
    async close() {
      await Promise.all(clients.splice(0).map((client) => client.end()));
    },
  };
}

/** A role of the cluster that no other test has; `url` logs in as it. */
export async function createRole(
  sql: Client,
  databaseUrl: string,
): Promise<{ name: string; url: string; drop: () => Promise<void> }> {
  const [name, password] = [`test_${randomBytes(6).toString("hex")}`, randomBytes(9).toString("hex")];
  await sql.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`);
  const url = new URL(databaseUrl);
  [url.username, url.password] = [name, password];
  return {
    name,
    url: url.href,
    drop: async () => {
      await sql.query(`REASSIGN OWNED BY ${name} TO CURRENT_USER`);
      await sql.query(`DROP OWNED BY ${name}`);
      await sql.query(`DROP ROLE ${name}`);
    },
  };
}
