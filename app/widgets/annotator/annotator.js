// The annotator as Streamlit mounts it: one Desk and one Sender a mount, kept across redraws, and the keys.

import { Surface } from "./surface.js";

const REST = 3000; // ms without a change after which a draft is sent
const mounts = new WeakMap();

export default function annotator({ data, parentElement, setStateValue }) {
  let mount = mounts.get(parentElement);
  if (mount && (mount.box !== data.box || mount.preview !== data.preview)) {
    mount.stop();
    mount = undefined;
  }
  if (!mount) {
    mount = new Annotator(parentElement, data);
    mounts.set(parentElement, mount);
  }
  mount.take(data, (sent) => setStateValue("outbox", sent));
  return () => {
    mount.stop();
    if (mounts.get(parentElement) === mount) mounts.delete(parentElement);
  };
}

class Annotator extends Surface {
  take(data, send) {
    this.data = data;
    this.build(data);
    if (this.sender) this.sender.send = send;
    const before = this.desk.current;
    const conflicts = this.desk.take(data);
    if (this.desk.renewed) this.view.notice(this.#renewedWords(this.desk.renewed.lost));
    if (this.desk.swapped) this.view.notice(this.view.say("annotator.swapped"));
    this.sender?.heardTurn(data.turn);
    for (const conflict of conflicts) this.conflict(conflict);
    if (this.desk.current !== before) this.form.settle(this.desk.work.value);
    this.draw();
    this.#resume();
    this.sender?.pump(this.desk.have === null);
  }

  // The window ran dry under the hands of one who writes: they go on where they were when a record is there again, and what they
  // type must not be taken for keys.
  #resume() {
    const { desk, form } = this;
    if (!this.dry || !desk.current) return;
    this.dry = false;
    if (!this.elsewhere) form.activate(form.active, true);
  }

  #renewedWords(lost) {
    return this.view.say(`annotator.${lost ? "renewed_lost" : "renewed"}`, { n: lost });
  }

  // A question's answer has changed. `how`: "typed", letter by letter, which decides nothing yet and is never thrown away;
  // "follows", because another's has changed, so it is no step of its own.
  change(name, value, how = "") {
    const { desk, form } = this;
    const follows = how === "follows";
    if (this.drawing) {
      this.later.set(name, value); // one that follows from another's, while it is drawn
      return;
    }
    if (!desk.current) return;
    if (desk.pause.holds && !how) {
      this.draw(); // the question shows again what is so
      return;
    }
    const { [name]: before, ...others } = desk.work.value;
    if (before === undefined && value === undefined) return;
    const next = value === undefined ? others : { ...others, [name]: value };
    this.lack = "";
    if (!follows && value !== undefined && this.#submits(name, next)) {
      this.submit(next);
      return;
    }
    desk.edit({ value: next }, name, follows);
    if (!follows) form.activate(name);
    if (!follows && value !== undefined && form.slot(name).instant && !form.slot(name).module.lacks?.(value)) {
      form.settle(next, name);
    }
    this.#rested();
    this.draw();
  }

  // With one key for each answer the last one submits; a card that was whole before is changed, and Enter submits it.
  #submits(name, next) {
    return this.form.complete(next) && (this.form.single || !this.form.complete(this.desk.work.value));
  }

  submit(value = this.desk.work.value) {
    const { desk, form } = this;
    if (!desk.current || desk.pause.holds) return;
    const lacking = form.lacking(value);
    if (lacking) {
      this.lack = lacking.words;
      form.activate(lacking.slot.name, !form.single);
      this.draw();
      return;
    }
    this.#answer("submitted", { value: form.counted(value) });
  }

  accept() {
    const { desk, form } = this;
    const next = desk.current && form.suggested(desk.current, desk.work.value);
    if (!next || desk.pause.holds) return;
    if (form.single && form.complete(next)) this.submit(next);
    else {
      desk.edit({ value: next }, "");
      form.settle(next);
      this.#rested();
      this.draw();
    }
  }

  why() {
    if (this.desk.current) this.view.openReasons(this.data.task.skip_reasons ?? []);
  }

  skip(reason = "") {
    this.#answer("skipped", { reason });
  }

  #answer(state, said) {
    const { desk, form } = this;
    const item = desk.current;
    if (!item || desk.pause.holds) return;
    const { writing } = this;
    desk.answer(state, said);
    if (this.preview) this.#forget(item);
    form.settle(desk.work.value);
    this.#changed(state === "skipped" ? this.#skipped(said.reason) : form.spoken(said.value), item);
    if (!writing) return;
    if (desk.current) form.activate(form.active, true);
    else {
      this.dry = true;
      desk.pause.begin();
    }
  }

  // The preview has one record, which is there again at once.
  #forget(item) {
    const { outbox, queue } = this.desk;
    for (const event of [...outbox.events]) outbox.drop(event.event_id);
    queue.push(item);
  }

  #skipped(reason) {
    return this.view.say("annotator.last_skipped") + (reason ? `: ${reason}` : "");
  }

  undo() {
    if (this.desk.pause.holds) return;
    this.leave();
    this.dry = false;
    const action = this.desk.undo();
    if (!action) return;
    this.form.settle(this.desk.work.value);
    this.#changed(this.view.say("annotator.undone"), action.item);
  }

  redo() {
    const action = this.desk.redo();
    if (!action) return;
    this.form.settle(this.desk.work.value);
    const words = action.step ? this.view.say("annotator.redone")
      : action.after.state === "skipped" ? this.#skipped(action.after.reason) : this.form.spoken(action.after.value);
    this.#changed(words, action.item);
  }

  #changed(word, item) {
    this.lack = "";
    this.last = this.view.say("annotator.last", { label: start(word), text: start(this.#opening(item)) });
    this.draw();
    this.sender?.pumpSoon();
    this.#rested();
  }

  #opening(item) {
    const name = this.data.task.fields.find((field) => typeof item.fields[field.name] === "string")?.name;
    return item.fields[name] ?? item.external ?? "";
  }

  // Send the draft of what is left now; what is there to send is kept here in any case.
  leave() {
    clearTimeout(this.rest);
    if (this.desk.sendDraft(this.form.counted(this.desk.work.value))) this.sender?.pumpSoon();
  }

  #rested() {
    clearTimeout(this.rest);
    const { current, drafts } = this.desk;
    if (!this.preview && current && drafts.of(current.key)?.sent === false) this.rest = setTimeout(() => {
      this.leave();
      this.draw();
    }, REST);
  }

  move(to) {
    this.leave();
    this.dry = false;
    if (!to()) return;
    this.lack = "";
    this.form.settle(this.desk.work.value);
    this.draw();
  }

  note() {
    if (this.desk.current) this.view.openComment(this.desk.work.comment ?? "");
  }

  saveComment(comment) {
    this.view.closePanels();
    this.#mark({ comment });
  }

  flag() {
    if (this.desk.pause.holds) return;
    this.#mark({ flagged: !this.desk.work.flagged });
  }

  // A comment or a flag: part of an answer that stands, else kept until there is one.
  #mark(patch) {
    const { desk } = this;
    const item = desk.current;
    if (!item) return;
    if (desk.at === null || desk.drafts.of(item.key)) {
      desk.edit(patch, "mark");
      this.#rested();
      this.draw();
    } else {
      desk.amend(patch);
      this.#changed(this.view.say(`annotator.${"comment" in patch ? "comment" : "flag"}`), item);
    }
  }
}

const start = (text) => {
  const line = String(text).replace(/\s+/g, " ").trim();
  const cut = Array.from(line.slice(0, 200)).slice(0, 48).join("");
  return cut.length < line.length ? `${cut}…` : cut;
};
