import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const key = "asyncapi-theme";
const dark = () => matchMedia("(prefers-color-scheme: dark)");

/** The reader's choice, where there is one and it can be kept. */
function chosen(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}

function choose(theme: Theme) {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // It holds until the page is closed.
  }
}

/** useTheme is the theme of the page, the system's until the reader chooses, and what changes it. */
export function useTheme(): [Theme, () => void] {
  const [system, setSystem] = useState<Theme>(dark().matches ? "dark" : "light");
  const [choice, setChoice] = useState(chosen);
  const theme = choice ?? system;
  useEffect(() => {
    const query = dark();
    const change = () => setSystem(query.matches ? "dark" : "light");
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  const toggle = () => {
    const next = theme === "dark" ? "light" : "dark";
    choose(next);
    setChoice(next);
  };
  return [theme, toggle];
}
