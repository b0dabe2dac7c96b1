// After a record was taken away under the hands, what they do next was meant for that one, however fast they go: nothing is
// decided until the keys have rested. Who never rests is not shut out for ever.

const REST = 500; // ms
const MOST = 5000; // ms

export class Pause {
  constructor() {
    this.begun = this.touched = -Infinity;
  }

  begin() {
    this.begun = this.touched = now();
  }

  // A key was pressed, whichever.
  touch() {
    if (this.holds) this.touched = now();
  }

  get holds() {
    return now() - this.touched < REST && now() - this.begun < MOST;
  }
}

const now = () => performance.now();
