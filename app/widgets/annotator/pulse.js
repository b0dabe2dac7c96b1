// Asks for a run of the whole page. The annotator lives in a fragment, which a restarted server does not know: then only
// a whole run brings the page and the server together again.

const mounted = new WeakMap();

export default function pulse({ parentElement, setStateValue }) {
  mounted.get(parentElement)?.abort();
  const stopper = new AbortController();
  mounted.set(parentElement, stopper);
  window.addEventListener("winnow:rerun", () => setStateValue("beat", Date.now()), { signal: stopper.signal });
  return () => stopper.abort();
}
