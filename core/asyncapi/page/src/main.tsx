import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/reference.css";
import { render } from "preact";
import { App } from "./ui/app";

render(<App />, document.body);
