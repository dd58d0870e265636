const meanings = new Map<number, string>([
  [1000, "ended as it should"],
  [1001, "the other side went away"],
  [1002, "a frame broke the protocol"],
  [1003, "binary messages are not taken here"],
  [1006, "refused or lost: the handshake's status is in the browser's network panel"],
  [1007, "a text was not UTF-8"],
  [1008, "against the server's policy"],
  [1009, "a message was too large"],
  [1011, "something went wrong in the server"],
  [1012, "the server restarts: connect again"],
  [1013, "the server is overloaded: try again later"],
  [4408, "idle, or silent, for too long"],
  [4409, "too slow: frames were not read in time"],
  [4410, "the credentials expired: connect with new ones"],
  [4501, "not authenticated: credentials are needed"],
  [4503, "forbidden with these credentials"],
]);

/** meaning says what a close code stands for. */
export function meaning(code: number): string {
  const known = meanings.get(code);
  if (known) return known;
  if (code >= 4500 && code < 5000) return "for good, as the application says";
  if (code >= 4000 && code < 4500) return "as the application says; connecting again may help";
  return "a code without a known meaning";
}
