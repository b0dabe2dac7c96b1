// The answers that the server has not acknowledged yet, one localStorage entry each, so that two tabs of one annotator
// never overwrite each other's. Survives a reload and a dead server. Knows no page.

export class Outbox {
  constructor(storage, prefix) {
    this.storage = storage;
    this.prefix = prefix + ".";
    this.safe = true; // false: this browser refuses to keep anything, so what is unsent lives in this page only
    this.events = this.#kept();
    this.order = this.events.reduce((most, event) => Math.max(most, event.order), 0);
  }

  #kept() {
    const found = [];
    try {
      for (let i = 0; i < this.storage.length; i++) {
        const name = this.storage.key(i);
        if (!name.startsWith(this.prefix)) continue;
        const event = readJson(this.storage.getItem(name));
        if (event && event.event_id && event.record_id !== undefined) found.push(event);
      }
    } catch {
      this.safe = false;
    }
    return found.sort((a, b) => a.order - b.order);
  }

  add(event) {
    this.order = Math.max(this.order + 1, Date.now() * 1000);
    const kept = { ...event, event_id: newId(), order: this.order };
    this.events.push(kept);
    try {
      this.storage.setItem(this.prefix + kept.event_id, JSON.stringify(kept));
    } catch {
      this.safe = false;
    }
    return kept;
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
    try {
      this.storage.removeItem(this.prefix + eventId);
    } catch {
      this.safe = false;
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
