import { useEffect, useState } from "preact/hooks";

const key = "asyncapi-theme";
const query = () => matchMedia("(prefers-color-scheme: dark)");

/** The reader's choice, where there is one and it can be kept: null leaves it to the system. */
function chosen(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** useDark is whether the page is dark, as the system is until the reader chooses, and what changes it. */
export function useDark(): [boolean, () => void] {
  const [system, setSystem] = useState(query().matches);
  const [choice, choose] = useState(chosen);
  const dark = choice ? choice === "dark" : system;
  const theme = dark ? "dark" : "light";
  useEffect(() => {
    query().addEventListener("change", (event) => setSystem(event.matches));
  }, []);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const toggle = () => {
    const next = dark ? "light" : "dark";
    choose(next);
    try {
      localStorage.setItem(key, next);
    } catch {
      // It holds until the page is closed.
    }
  };
  return [dark, toggle];
}
