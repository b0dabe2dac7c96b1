// The counters with everything that was decided here, sent or not: the server's counts, and what events came to since.

export class Tally {
  constructor() {
    this.counts = { stamp: null, mine: 0, today: 0, left: 0, total: 0 };
    this.acked = { done: 0, left: 0, today: 0 }; // what acknowledged events came to since these counts
  }

  acknowledge({ delta }) {
    for (const name of Object.keys(this.acked)) this.acked[name] += delta[name];
  }

  // The server counts once a draw of the page, and repeats these counts until the next.
  take(counts) {
    if (!counts || counts.stamp === this.counts.stamp) return;
    this.counts = counts;
    this.acked = { done: 0, left: 0, today: 0 };
  }

  shown(unsent) {
    const sum = (name) => this.acked[name] + unsent.reduce((n, event) => n + event.delta[name], 0);
    const { mine, today, left, total } = this.counts;
    const clamp = (n) => Math.max(0, n);
    return { mine: clamp(mine + sum("done")), today: clamp(today + sum("today")), left: clamp(left + sum("left")), total };
  }
}
