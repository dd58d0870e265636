import { useEffect, useRef, useState } from "preact/hooks";

/** copy puts a text on the clipboard, also where the page isn't served securely. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  const focused = document.activeElement;
  field.value = text;
  field.className = "hidden";
  document.body.append(field);
  field.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}

interface CopyProps {
  /** What is copied, made when it is. */
  text: () => string;
  /** What the button says: "Copy" and a noun for those who only hear it. */
  label?: string;
  what: string;
}

/** Copy is a button that copies a text, and says whether it did. */
export function Copy({ text, what, label = "Copy" }: CopyProps) {
  const [said, say] = useState("");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const click = async () => {
    say((await copy(text())) ? "Copied" : "Not copied");
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => say(""), 1500);
  };
  return (
    <button type="button" class="quiet copy" onClick={click}>
      <span aria-live="polite">{said || label}</span>
      <span class="hidden"> {what}</span>
    </button>
  );
}
