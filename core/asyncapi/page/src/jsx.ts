// What the build makes elements with: it writes less than what JSX becomes otherwise.
export { h, Fragment } from "preact";
