/** How high a row is, and what is below it where it is expanded: in pixels, as the style has it. */
export const rowHeight = 46;
export const detailHeight = 260;
/** How many rows are rendered beyond those that can be seen, on each side. */
const margin = 6;

/** Rows says which rows to render, and where. */
export interface Rows {
  readonly first: number;
  /** The one after the last. */
  readonly last: number;
  /** Of what is above the first. */
  readonly above: number;
  /** Of all. */
  readonly height: number;
  /** Where a row begins. */
  tops(index: number): number;
}

/** shownRows are those that a window of that height shows, which begins at top. */
export function shownRows(entries: readonly { readonly id: number }[], expanded: ReadonlySet<number>, top: number, height: number): Rows {
  // Those that are expanded are few: positions are counted from them.
  const open = expanded.size ? entries.flatMap((entry, i) => (expanded.has(entry.id) ? [i] : [])) : [];
  const tops = (index: number) => index * rowHeight + open.filter((i) => i < index).length * detailHeight;
  const rowAt = (y: number) => {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tops(middle + 1) <= y) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const first = Math.max(0, rowAt(top) - margin);
  const last = Math.min(entries.length, rowAt(top + height) + 1 + margin);
  return { first, last, above: tops(first), height: tops(entries.length), tops };
}
