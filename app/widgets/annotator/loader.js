// What Streamlit mounts. The annotator's script, styles and words are 250 kB: they come once, not with every answer. A kit
// is kept under its id; the server leaves its contents out when the browser says that it has them.

const kits = (globalThis.winnowKits ??= new Map()); // id -> {start, style, strings}; start is a promise until it is there
const places = new WeakMap(); // element -> {newest: the call made there last, kit: the id of what runs there, end}

export default function loader(call) {
  const { data, parentElement, setStateValue } = call;
  const { id, script, style, strings } = data.kit;
  if (script && !kits.has(id)) kits.set(id, { start: load(id, script), style, strings });
  const kit = kits.get(id);
  if (!kit) {
    setStateValue("outbox", { turn: null, have: null, events: [], kit: null }); // what is unsent is in the browser's storage
    return undefined;
  }
  const place = places.get(parentElement) ?? { newest: null, kit: null, end: null };
  places.set(parentElement, place);
  place.newest = call;
  const begin = () => {
    if (place.newest !== call) return;
    if (place.kit !== id) place.end?.(); // another language, or a younger server: each kit knows only its own annotator
    dress(parentElement, id, kit.style);
    const keep = (name, value) => setStateValue(name, { ...value, kit: id });
    place.kit = id;
    place.end = kit.start({ ...call, data: { ...data, strings: kit.strings }, setStateValue: keep });
  };
  if (typeof kit.start === "function") begin();
  else kit.start.then(begin);
  return () => {
    if (place.newest !== call) return; // Streamlit ends an overtaken call after its successor has begun
    place.newest = null;
    place.end?.();
    place.end = place.kit = null;
  };
}

async function load(id, script) {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: start } = await import(address);
  kits.get(id).start = start;
}

function dress(root, id, style) {
  const old = root.querySelector("style[data-kit]");
  if (old?.dataset.kit === id) return;
  const sheet = document.createElement("style");
  sheet.dataset.kit = id;
  sheet.textContent = style;
  if (old) old.replaceWith(sheet);
  else root.append(sheet);
  for (const part of root.querySelectorAll(".annotator")) part.dataset.dressed = "";
}
