// What was begun and not answered yet, one localStorage entry an item: {value, comment, flagged, sent}. Survives a reload,
// moving on and a dead server. Knows no page.

export class Drafts {
  constructor(storage, prefix) {
    this.storage = storage;
    this.prefix = `${prefix}/draft/`;
    this.known = new Map(); // what this page wrote or read, also when the browser refuses to keep anything
  }

  of(key) {
    if (!this.known.has(key)) this.known.set(key, this.#kept(key));
    return this.known.get(key);
  }

  #kept(key) {
    try {
      const found = JSON.parse(this.storage.getItem(this.prefix + key));
      return found && typeof found.value === "object" && found.value ? found : null;
    } catch {
      return null;
    }
  }

  keep(key, draft) {
    this.known.set(key, draft);
    try {
      this.storage.setItem(this.prefix + key, JSON.stringify(draft));
    } catch {
      // this browser keeps nothing: the draft lives as long as the page
    }
  }

  drop(key) {
    const had = this.of(key);
    this.known.set(key, null);
    if (!had) return;
    try {
      this.storage.removeItem(this.prefix + key);
    } catch {
      // as above
    }
  }
}
