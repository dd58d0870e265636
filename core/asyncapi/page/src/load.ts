import type { Document } from "./document";
import { read } from "./read";

/** base is the path of this page, which that of the document begins with. */
export function base(path: string): string {
  return path.replace(/\/+$/, "");
}

/** load fetches the document beside the page. An error's message is for readers. */
export async function load(path: string): Promise<Document> {
  const response = await fetch(base(path) + ".json", {
    credentials: "same-origin",
    headers: { Accept: "application/json" },
  });
  if (!response.ok) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
  return read(await response.json());
}
