import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Document } from "../document";
import { base, load } from "../load";
import { Boundary } from "./boundary";
import { ChannelPage } from "./channel";
import { Overview } from "./overview";
import { Rail } from "./rail";
import { parse, type Route } from "./route";
import { SchemaPage } from "./schemapage";
import { Search } from "./searchbox";
import { useDark } from "./theme";

/** App is the page. */
export function App() {
  const [document, setDocument] = useState<Document>();
  const [failure, setFailure] = useState("");
  const fetchDocument = () => {
    setFailure("");
    load(location.pathname).then(setDocument, (error: unknown) => setFailure(error instanceof Error ? error.message : String(error)));
  };
  useEffect(fetchDocument, []);
  if (document) {
    return (
      <Boundary name="The page">
        <Page document={document} />
      </Boundary>
    );
  }
  return (
    <main class="state">
      {failure ? (
        <div role="alert">
          <h1>The document could not be loaded</h1>
          <p class="failure">{failure}</p>
          <p>
            It should be at <code>{base(location.pathname)}.json</code>.
          </p>
          <button type="button" class="primary" onClick={fetchDocument}>
            Try again
          </button>
        </div>
      ) : (
        <p role="status">Loading…</p>
      )}
    </main>
  );
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => parse(location.hash));
  // At once, as who follows a link before a mere effect has run would go nowhere.
  useLayoutEffect(() => {
    const change = () => setRoute(parse(location.hash));
    addEventListener("hashchange", change);
    return () => removeEventListener("hashchange", change);
  }, []);
  return route;
}

function Page({ document }: { document: Document }) {
  const route = useRoute();
  const [dark, toggle] = useDark();
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const menu = useRef<HTMLButtonElement>(null);
  const title = document.title || "AsyncAPI";
  useArrival(document, route);
  useEffect(() => setOpen(false), [route]);
  useShortcuts(open, setOpen, menu, field);
  return (
    <div class={open ? "page open" : "page"}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), globalThis.document.querySelector("h1")?.focus())}>
        Skip to the content
      </a>
      <header class="top">
        <button ref={menu} type="button" class="quiet" aria-expanded={open} aria-controls="rail" onClick={() => setOpen(!open)}>
          Menu
        </button>
        <a class="brand" href="#/">
          {title}
        </a>
      </header>
      <section id="rail" class="rail" aria-label="Contents">
        <div class="head">
          <a class="brand" href="#/">
            {title}
          </a>
          <button type="button" class="quiet" onClick={toggle} aria-label={`Switch to ${dark ? "light" : "dark"} colours`}>
            {dark ? "Light" : "Dark"}
          </button>
        </div>
        <Boundary name="The list of channels" of={query}>
          <Search document={document} query={query} onQuery={setQuery} field={field} />
          {!query.trim() && <Rail document={document} route={route} />}
        </Boundary>
      </section>
      <div class="veil" onClick={() => setOpen(false)} />
      <main id="main" inert={open}>
        <Boundary of={route} name="This part of the document">
          <Content document={document} route={route} />
        </Boundary>
      </main>
    </div>
  );
}

/** useShortcuts lets the keyboard search, and close the drawer. */
function useShortcuts(
  open: boolean,
  setOpen: (open: boolean) => void,
  menu: RefObject<HTMLButtonElement | null>,
  field: RefObject<HTMLInputElement | null>,
) {
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (event.key === "Escape" && open) {
        setOpen(false);
        menu.current?.focus();
      }
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      // Where there is no menu, the rail is there already.
      if (menu.current?.offsetParent) setOpen(true);
      // The drawer has to be there before what is in it can have the focus.
      requestAnimationFrame(() => field.current?.focus());
    };
    // Where it is wide enough there is no drawer to be in the way.
    const close = () => menu.current?.offsetParent || setOpen(false);
    addEventListener("keydown", keys);
    addEventListener("resize", close);
    return () => {
      removeEventListener("keydown", keys);
      removeEventListener("resize", close);
    };
  }, [open]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function Content({ document, route }: { document: Document; route: Route }) {
  if (route.kind === "overview") return <Overview document={document} />;
  if (route.kind === "channel") {
    const channel = document.channel(route.channel);
    if (channel) return <ChannelPage key={(channel.consumer ?? channel).id} document={document} channel={channel} message={route.message} />;
    return <Unknown what={`channel ${route.channel}`} />;
  }
  if (route.kind === "schema") {
    const schema = document.schemas.get(route.schema);
    if (schema !== undefined) return <SchemaPage key={route.schema} document={document} name={route.schema} schema={schema} />;
    return <Unknown what={`schema ${route.schema}`} />;
  }
  return <Unknown what={`part ${route.hash}`} />;
}

function Unknown({ what }: { what: string }) {
  return (
    <article class="plain">
      <h1 tabIndex={-1}>Not in the document</h1>
      <p>The document has no {what}.</p>
      <p>
        <a href="#/">Overview</a>
      </p>
    </article>
  );
}

/** useArrival names the page after what it shows, and brings the reader there. */
function useArrival(document: Document, route: Route) {
  const first = useRef(true);
  useEffect(() => {
    const about = route.kind === "channel" ? (route.message ?? route.channel) : route.kind === "schema" ? route.schema : "";
    const title = document.title || "AsyncAPI";
    globalThis.document.title = about ? `${about} · ${title}` : title;
    const arrived = first.current;
    first.current = false;
    const message = route.kind === "channel" && route.message !== undefined ? globalThis.document.getElementById(`message-${route.message}`) : null;
    if (arrived && !message) return;
    if (!message) scrollTo(0, 0);
    message?.scrollIntoView();
    // The drawer has to be closed before what it covers can have the focus.
    requestAnimationFrame(() => {
      // Those who search beside the page go on with the arrow keys; all others are where they asked to go.
      if (globalThis.document.activeElement?.role === "combobox" && !matchMedia("(width < 820px)").matches) return;
      (message?.querySelector("h3") ?? globalThis.document.querySelector("h1"))?.focus({ preventScroll: true });
    });
  }, [document, route]);
}
