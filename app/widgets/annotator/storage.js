// Where answers, drafts and keys are kept: the browser's storage, or what stands in for it.

export function storageFor(preview) {
  if (preview) return new Forgetting();
  try {
    return localStorage;
  } catch {
    return new Refusing(); // a browser that forbids it does so when it is named
  }
}

// Ends with the page, for the preview of a task.
class Forgetting {
  constructor() {
    this.kept = new Map();
  }

  get length() {
    return this.kept.size;
  }

  key(at) {
    return [...this.kept.keys()][at] ?? null;
  }

  getItem(name) {
    return this.kept.get(name) ?? null;
  }

  setItem(name, text) {
    this.kept.set(name, text);
  }

  removeItem(name) {
    this.kept.delete(name);
  }
}

// Keeps nothing and says so, so that nobody is told that what is unsent is safe.
class Refusing {
  get length() {
    throw new Error("This browser keeps nothing.");
  }

  getItem() {
    return this.length;
  }

  setItem() {
    return this.length;
  }

  removeItem() {
    return this.length;
  }
}
