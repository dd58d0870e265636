/** What is known of close codes. */
const meanings: Readonly<Record<number, string>> = {
  1000: "ended as it should",
  1001: "the other side went away",
  1003: "binary messages are not taken",
  1006: "refused or lost: the handshake's status is in the browser's network panel",
  1008: "against the server's policy",
  1009: "a message was too large",
  1011: "an error in the server",
  1012: "the server restarts: connect again",
  1013: "the server is overloaded: try later",
  4408: "silent for too long",
  4409: "too slow to read",
  4410: "credentials expired",
  4501: "not authenticated",
  4503: "forbidden",
};

/** meaning says what a close code stands for. */
export const meaning = (code: number): string => meanings[code] ?? (code >= 4000 ? "as the application says" : "unknown");
