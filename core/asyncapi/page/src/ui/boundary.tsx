import { Component, type ComponentChildren } from "preact";

interface BoundaryProps {
  /** Of the part of the page, such as "the channel chat". */
  name: string;
  /** What is shown: with another one, it is tried again. */
  of?: unknown;
  children: ComponentChildren;
}

/** Boundary keeps what goes wrong in a part of the page to that part. */
export class Boundary extends Component<BoundaryProps, { error: string }> {
  override state = { error: "" };

  static override getDerivedStateFromError(error: unknown) {
    return { error: String(error instanceof Error ? error.message : error) || "unknown" };
  }

  override componentDidUpdate(before: BoundaryProps) {
    if (this.state.error && before.of !== this.props.of) this.setState({ error: "" });
  }

  override render({ name, children }: BoundaryProps) {
    if (!this.state.error) return children;
    return (
      <p role="alert" class="failure">
        {name} can't be shown: {this.state.error}
      </p>
    );
  }
}
