import { existsSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

const site = new URL("../", import.meta.url);
const groups = JSON.parse(readFileSync(new URL("sidebar.json", site), "utf8")) as { text: string; pages: string[] }[];

const titleOf = (page: string): string =>
  /^# (.+)$/m.exec(readFileSync(new URL(`pages/${page}.md`, site), "utf8"))?.[1] ?? page;

export default defineConfig({
  title: "log-archive",
  description: "Moves workflow logs of Dify-like platforms from PostgreSQL to Elasticsearch, exactly and resumably",
  srcDir: "pages",
  outDir: "dist",
  markdown: { html: false },
  ignoreDeadLinks: [/^https?:\/\/localhost/, (link) => existsSync(new URL(`pages/public${link}`, site))],
  themeConfig: {
    search: { provider: "local" },
    sidebar: groups.map(({ text, pages }) => ({
      text,
      collapsed: true,
      items: pages.map((page) => ({ text: titleOf(page), link: page === "index" ? "/" : `/${page}` })),
    })),
  },
});
