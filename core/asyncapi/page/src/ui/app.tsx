import { useEffect, useState } from "preact/hooks";
import { Console } from "../console/console";
import type { Document } from "../document";
import { load } from "../load";

/** App is the page. */
export function App() {
  const [document, setDocument] = useState<Document>();
  useEffect(() => void load(location.pathname).then(setDocument), []);
  const channel = document?.channels[0];
  if (!document || !channel) return <p>Loading</p>;
  return <Console key={channel.id} channel={channel} document={document} />;
}
