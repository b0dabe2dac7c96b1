// Brings the outbox to the server: one message under way at a time, each carrying what is unacknowledged, and again until
// it is acknowledged. Says whether the server can be reached.

const SILENCE = 2500; // ms without an answer after which we look whether the server is there, and ask again if it is
const RENEW = 180_000; // ms after which the leases on the records here are renewed while the page is in view
const ASK = 10_000; // ms after which we ask again for records when there are none here
const LOST = 30_000; // ms that the server is well and still does not answer: a reload is what is left to try
const MOST = 400; // events in one message
const LACK = 1000; // ms after which we ask again for records that are held for us and were not sent

export class Sender {
  constructor(desk, onChange) {
    this.desk = desk;
    this.outbox = desk.outbox;
    this.onChange = onChange;
    this.send = null; // set at each draw: Streamlit hands out a new one
    this.turn = Date.now(); // a new page must not take an old page's turn for its own
    this.flight = null; // {turn, since, first}
    this.online = true;
    this.heard = clock();
    this.soon = false;
    this.timer = setInterval(() => this.#watch(), 1000);
  }

  // Once the browser has drawn; a page that is not in view draws nothing, so not much later in any case.
  pumpSoon() {
    if (this.soon) return;
    this.soon = true;
    const go = () => {
      if (this.soon) {
        this.soon = false;
        this.pump();
      }
    };
    requestAnimationFrame(() => setTimeout(go));
    setTimeout(go, 150);
  }

  stop() {
    clearInterval(this.timer);
    this.send = this.flight = null;
  }

  pump(force = false) {
    if (!this.send || this.flight || !(force || this.outbox.events.length)) return;
    this.turn += 1;
    this.flight = { turn: this.turn, since: clock(), first: clock() };
    const { have, guideline, edition } = this.desk;
    this.send({
      turn: this.turn, have, edition, guideline: guideline?.revision ?? null, events: this.outbox.events.slice(0, MOST),
    });
  }

  heardTurn(turn) {
    this.heard = clock();
    this.online = true;
    if (this.flight && turn !== null && turn >= this.flight.turn) this.flight = null;
  }

  async #watch() {
    if (!this.flight) {
      const wait = this.desk.lacking ? LACK : this.desk.current ? RENEW : ASK;
      if (this.outbox.events.length) this.pump();
      else if (since(this.heard) > wait && document.visibilityState === "visible") this.pump(true);
      return;
    }
    if (since(this.flight.since) < SILENCE) return;
    const flight = this.flight;
    flight.since = clock();
    const online = await reachable();
    if (this.flight !== flight) return; // it was answered, or all has ended, while we looked
    if (this.online !== online) {
      this.online = online;
      this.onChange();
    }
    if (!online) flight.first = clock();
    else if (since(flight.first) > LOST && this.outbox.safe) location.reload();
    else window.dispatchEvent(new CustomEvent("winnow:rerun")); // what was sent is in the page's state: it goes along
  }
}

// The wall clock may be set back; the other one may stand still while the computer sleeps.
const clock = () => ({ wall: Date.now(), steady: performance.now() });
const since = ({ wall, steady }) => Math.max(Date.now() - wall, performance.now() - steady);

async function reachable() {
  try {
    const address = new URL("_stcore/health", location.href);
    return (await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(2500) })).ok;
  } catch {
    return false;
  }
}
