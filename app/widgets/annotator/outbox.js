// The answers that the server has not acknowledged yet, one localStorage entry each, so that two tabs of one annotator
// never overwrite each other's. Survives a reload and a dead server. Knows no page.

export class Outbox {
  constructor(storage, prefix) {
    this.storage = storage;
    this.prefix = prefix + ".";
    this.events = [];
    this.order = 0;
    this.refused = false; // this browser does not even let us look
    this.unkept = new Set(); // events that it had no room for: they live in this page only
    this.#adopt();
  }

  // Whether a reload loses nothing.
  get safe() {
    return !this.refused && !this.unkept.size;
  }

  // Take over what is kept and not here: of an earlier page, or of another tab, which may be closed by now.
  #adopt() {
    const here = new Set(this.events.map((event) => event.event_id));
    try {
      for (let i = 0; i < this.storage.length; i++) {
        const name = this.storage.key(i);
        if (!name.startsWith(this.prefix) || here.has(name.slice(this.prefix.length))) continue;
        const event = readJson(this.storage.getItem(name));
        if (event && event.event_id && event.record_id !== undefined) this.events.push(event);
      }
    } catch {
      this.refused = true;
    }
    if (this.events.length === here.size) return;
    this.events.sort((a, b) => a.order - b.order);
    this.order = Math.max(this.order, this.events.at(-1).order);
  }

  // The server takes the last that it hears for the last word: what another tab left unsent must go before this.
  add(event) {
    this.#adopt();
    this.order = Math.max(this.order + 1, Date.now() * 1000);
    const kept = { ...event, event_id: newId(), order: this.order };
    this.events.push(kept);
    for (const one of [...this.unkept, kept]) this.#keep(one);
    return kept;
  }

  #keep(event) {
    try {
      this.storage.setItem(this.prefix + event.event_id, JSON.stringify(event));
      this.unkept.delete(event);
    } catch {
      this.unkept.add(event);
    }
  }

  // A newer draft, or the answer itself, stands in for the drafts of an item that are still here.
  dropDrafts(key) {
    const old = this.events.filter((event) => event.key === key && event.state === "draft");
    for (const event of old) this.drop(event.event_id);
  }

  // Forget an event that the server has acknowledged. Returns it, or undefined if it was forgotten before.
  drop(eventId) {
    const at = this.events.findIndex((event) => event.event_id === eventId);
    if (at < 0) return undefined;
    const [event] = this.events.splice(at, 1);
    this.unkept.delete(event);
    try {
      this.storage.removeItem(this.prefix + eventId);
    } catch {
      this.refused = true;
    }
    return event;
  }

  // The last word on an item that is still unsent (an event that is no draft), or undefined.
  lastOf(key) {
    for (let i = this.events.length - 1; i >= 0; i--) {
      if (this.events[i].key === key && this.events[i].state !== "draft") return this.events[i];
    }
    return undefined;
  }
}

function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// crypto.randomUUID is only there on https and localhost; a workbench on the office network is neither.
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
