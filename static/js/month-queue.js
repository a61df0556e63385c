/* What was typed into a month and is not stored yet: kept in the browser until the server has it. */
"use strict";

class MonthQueue {
  /* `send(code, cell)` resolves to {status, answer}; a status of 0 is a server that cannot be reached. */
  constructor(key, send, show) {
    Object.assign(this, { key, send, show, isSending: false });
    this.cells = MonthQueue.read(key);
    addEventListener("online", () => this.work());
    setInterval(() => this.work(), 15000);
  }

  static read(key) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? {};
    } catch {
      return {}; // no storage, or not ours: the form still saves, only a lost connection is not survived
    }
  }

  /* One cell, as it is now: another tab keeps its own beside it. */
  keep(code) {
    try {
      const kept = MonthQueue.read(this.key);
      if (this.cells[code]) kept[code] = this.cells[code];
      else delete kept[code];
      if (Object.keys(kept).length) localStorage.setItem(this.key, JSON.stringify(kept));
      else localStorage.removeItem(this.key);
    } catch {
      // As above.
    }
  }

  get waiting() {
    return Object.keys(this.cells).length;
  }

  /* A cell: the fields as typed and the token of the stored answer that the person saw. */
  put(code, cell) {
    this.cells[code] = { ...cell, at: Date.now() };
    this.keep(code);
    return this.work();
  }

  drop(code) {
    delete this.cells[code];
    this.keep(code);
  }

  /* One at a time, in the order typed; resolves when nothing can be sent any more. */
  async work() {
    if (this.isSending) return this.isSending;
    this.isSending = this.drain();
    try {
      await this.isSending;
    } finally {
      this.isSending = false;
    }
  }

  async drain() {
    const tried = new Set();
    for (;;) {
      const next = Object.entries(this.cells)
        .filter(([code, cell]) => !cell.isHeld && !tried.has(`${code} ${cell.at}`))
        .sort((one, other) => one[1].at - other[1].at)[0];
      if (!next) return;
      const [code, cell] = next;
      tried.add(`${code} ${cell.at}`);
      this.show(code, "saving");
      const { status, answer } = await this.send(code, cell);
      const isNewest = this.cells[code]?.at === cell.at;
      if (status === 200 && isNewest) this.drop(code);
      // A refusal or a conflict waits for the person, not for the network.
      if ((status === 409 || status === 422) && isNewest) this.cells[code].isHeld = true;
      this.keep(code);
      this.show(code, status, answer, cell);
      // Without network or sign-in, or in a locked month, the others would fare no better.
      if ([0, 401, 423].includes(status)) return;
    }
  }
}
