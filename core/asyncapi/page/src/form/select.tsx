interface SelectProps {
  readonly id?: string;
  /** Where there is no label element for it. */
  readonly label?: string;
  readonly options: readonly string[];
  /** The index of what is chosen; -1 where it is none of them. */
  readonly chosen: number;
  readonly on: (index: number) => void;
  readonly described?: string | undefined;
  readonly wrong?: boolean;
  /** What is shown where nothing is chosen. */
  readonly none?: string;
}

/** Select is a list to choose from. */
export function Select({ id, label, options, chosen, on, described, wrong = false, none }: SelectProps) {
  return (
    <select
      id={id}
      aria-label={label}
      aria-describedby={described}
      aria-invalid={wrong}
      value={String(chosen)}
      onChange={(e) => on(Number(e.currentTarget.value))}
    >
      {none !== undefined && <option value="-1">{none}</option>}
      {options.map((option, i) => (
        <option key={i} value={String(i)}>
          {option}
        </option>
      ))}
    </select>
  );
}
