// What the byte inspector knows in the browser: bytes, records, times, the selection, and what it asks of the kernel.
//
// One Store for each widget, shared by all of its views. The other files draw it: inspector_rows.js (rows that scroll),
// inspector_hex.js, inspector_list.js, inspector_detail.js and inspector.js, which puts them together.
// inspector_widget.py joins these files into one ES module, so they share one scope and import nothing.

const SENDERS = ["client", "server"];
const ARROWS = { client: "→", server: "←" };
const LAYERS = ["http", "sse", "websocket"];
const SEVERITIES = [
  { sign: "", word: "" },
  { sign: "i", word: "info" },
  { sign: "!", word: "odd" },
  { sign: "✗", word: "forbidden" },
];
const PAGE_ROWS = 256; // as in inspector_widget.py
const PATIENCE_MS = 3000; // how long a kernel may be silent before the panel says so
const KEPT_LAYERS = 6;

// An element. Text is always set as text: captured bytes are never markup.
function make(tag, { text, on, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  if (text !== undefined) element.textContent = text;
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// The position of the last number in `column` that is not above `value`; -1 when there is none.
function lastNotAbove(column, value) {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const covers = (pieces, offset) => pieces.some(([start, stop]) => start <= offset && offset < stop);
const grouped = (number) => number.toLocaleString("en-GB");
const milliseconds = (ms) =>
  `${ms.toLocaleString("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ms`;

// A column of numbers out of a buffer of the kernel's, which may begin anywhere in memory.
function column(Numbers, buffer) {
  if (!buffer?.byteLength) return new Numbers(0);
  const view = ArrayBuffer.isView(buffer) ? buffer : new DataView(buffer);
  return new Numbers(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

// The kernel's side of the widget, asked by messages. Without an answer in time, `silent` is called; a late one counts.
class Kernel {
  constructor(model, silent) {
    this.model = model;
    this.silent = silent;
    this.waiting = new Map();
    this.name = Math.random().toString(36).slice(2);
    this.asked = 0;
    model.on("msg:custom", (content, buffers) => this.hear(content, buffers));
  }

  ask(question) {
    const id = `${this.name}-${++this.asked}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.silent(true), PATIENCE_MS);
      this.waiting.set(id, { resolve, timer });
      try {
        this.model.send({ ...question, id });
      } catch {
        this.silent(true);
      }
    });
  }

  hear(content, buffers) {
    const asked = this.waiting.get(content?.id);
    if (!asked) return;
    this.waiting.delete(content.id);
    clearTimeout(asked.timer);
    this.silent(false);
    asked.resolve({ ...content, buffers });
  }
}

class Store extends EventTarget {
  constructor(model) {
    super();
    this.model = model;
    this.isKernelSilent = false;
    this.kernel = new Kernel(model, (silent) => {
      if (silent !== this.isKernelSilent) {
        this.isKernelSilent = silent;
        this.tell("kernel");
      }
    });
    this.load();
    model.on("change:_head", () => {
      this.load();
      this.tell("connection");
      this.follow(model.get("selection"));
    });
    model.on("change:selection", () => {
      const wanted = model.get("selection");
      if (JSON.stringify(wanted) !== this.sent) this.follow(wanted);
    });
    this.follow(model.get("selection"));
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  // --- one connection --------------------------------------------------------------------

  load() {
    const model = this.model;
    this.head = model.get("_head");
    this.signs = this.head.signs;
    this.bytes = {};
    this.reads = {};
    for (const sender of SENDERS) {
      this.bytes[sender] = column(Uint8Array, model.get(`_${sender}`));
      const pairs = column(Float64Array, model.get(`_${sender}_times`));
      this.reads[sender] = {
        offsets: pairs.filter((_, i) => i % 2 === 0),
        at_ms: pairs.filter((_, i) => i % 2 === 1),
      };
    }
    this.places = column(Uint32Array, model.get("_places"));
    this.count = this.places.length / 3;
    this.pages = model.get("_pages");
    this.details = new Map(); // record → its details
    this.asking = new Map(); // record → the promise of them
    this.layers = new Map(); // key → the bytes of a layer, the latest last
    this.layerLists = new Map(); // record → the promise of what its layers are called
    this.urgentPage = 0;
    clearTimeout(this.sharing);
    this.selected = null;
    this.wanted = "wire"; // the tab that was chosen, if the selected record has it
    this.orderBySender();
    this.pull();
  }

  // For each sender: the records of the wire, which tile it, and the events inside them, by their first offset.
  orderBySender() {
    this.order = {};
    for (const sender of SENDERS) this.order[sender] = { wire: { starts: [], records: [] }, events: { starts: [], records: [] } };
    for (let record = 0; record < this.count; record++) {
      const ordered = this.order[this.sender(record)][this.layer(record) === "sse" ? "events" : "wire"];
      ordered.starts.push(this.start(record));
      ordered.records.push(record);
    }
  }

  sender(record) { return SENDERS[this.places[3 * record] & 15]; }
  layer(record) { return LAYERS[(this.places[3 * record] >> 4) & 15]; }
  sign(record) { return (this.places[3 * record] >> 8) & 255; }
  depth(record) { return this.places[3 * record] >> 16; }
  start(record) { return this.places[3 * record + 1]; }
  stop(record) { return this.places[3 * record + 2]; }

  time_ms(sender, offset) {
    const { offsets, at_ms } = this.reads[sender];
    const read = lastNotAbove(offsets, offset);
    return read < 0 || !this.head.isTimed ? null : at_ms[read];
  }

  // --- rows: names, summaries and the worst note, a page at a time ------------------------

  row(record) {
    const page = this.pages[Math.floor(record / PAGE_ROWS)];
    return page ? page[record % PAGE_ROWS] : null;
  }

  get isWhole() {
    return this.missing === 0;
  }

  // Pages come one after the other, so that questions in between get their answer soon.
  async pull() {
    const pages = this.pages;
    const total = Math.ceil(this.count / PAGE_ROWS);
    this.missing = 0;
    for (let page = 0; page < total; page++) {
      pages[page] ??= null;
      if (!pages[page]) this.missing++;
    }
    let next = 0;
    while (this.missing && pages === this.pages) {
      const page = pages[this.urgentPage] === null ? this.urgentPage : (next = pages.indexOf(null, next));
      const answer = await this.kernel.ask({ ask: "rows", page });
      if (!answer.rows) return;
      // Changed in place, not with model.set(): the browser's copy, which a saved notebook keeps, gets the rows,
      // and nothing of them is sent back to the kernel.
      pages[page] = answer.rows;
      if (pages !== this.pages) return;
      this.missing--;
      this.tell("rows");
    }
  }

  // --- details and layers: when somebody looks --------------------------------------------

  async detail(record) {
    return (await this.detailsOf([record]))[0];
  }

  detailsOf(records) {
    const missing = records.filter((record) => !this.details.has(record) && !this.asking.has(record));
    if (missing.length) {
      const details = this.details;
      const asking = this.asking;
      const answer = this.kernel.ask({ ask: "details", records: missing }).then(({ details: found }) => {
        for (const one of found ?? []) {
          details.set(one.record, indexed(one));
          asking.delete(one.record);
        }
        if (details === this.details) this.tell("details");
      });
      for (const record of missing) asking.set(record, answer.then(() => details.get(record)));
    }
    return Promise.all(records.map((record) => this.details.get(record) ?? this.asking.get(record)));
  }

  async layerBytes(record, number, about) {
    if (!this.layers.has(about.key)) {
      const answer = await this.kernel.ask({ ask: "layer", record, layer: number });
      if (!answer.buffers) return null;
      const [bytes, edges] = answer.buffers;
      const layer = { ...about, bytes: column(Uint8Array, bytes), edges: column(Uint32Array, edges) };
      layer.starts = []; // the offset in the layer at which each piece begins
      for (let i = 0, passed = 0; i < layer.edges.length; i += 2) {
        layer.starts.push(passed);
        passed += layer.edges[i + 1] - layer.edges[i];
      }
      this.layers.set(about.key, layer);
      if (this.layers.size > KEPT_LAYERS) this.layers.delete(this.layers.keys().next().value);
    }
    return this.layers.get(about.key);
  }

  // --- what lies at a byte ---------------------------------------------------------------

  // The records at a byte, the innermost first.
  recordsAt(sender, offset) {
    return ["events", "wire"].flatMap((which) => {
      const { starts, records } = this.order[sender][which];
      const record = records[lastNotAbove(starts, offset)];
      return record !== undefined && offset < this.stop(record) ? [record] : [];
    });
  }

  // The innermost record and field at a byte, as far as its details are here. `field` is null where they are not.
  placeAt(sender, offset) {
    const records = this.recordsAt(sender, offset);
    for (const record of records) {
      const details = this.details.get(record);
      if (!details) return { record, field: null, isKnown: false };
      const field = fieldAt(details, offset);
      if (field !== null) return { record, field, isKnown: true };
    }
    return { record: records.at(-1) ?? null, field: null, isKnown: true };
  }

  // The record of the wire around the selection.
  get wireRecord() {
    return this.selected ? (this.recordsAt(this.selected.sender, this.selected.offset).at(-1) ?? null) : null;
  }

  // --- the selection ----------------------------------------------------------------------

  async selectByte(sender, offset) {
    const place = this.placeAt(sender, offset);
    this.choose({ sender, offset, record: place.record, field: place.field });
    if (place.isKnown) return;
    const chosen = this.selected;
    await this.detailsOf(this.recordsAt(sender, offset));
    if (this.selected !== chosen) return;
    const known = this.placeAt(sender, offset);
    this.choose({ sender, offset, record: known.record, field: known.field });
  }

  // Select a record, or one of its fields, with the cursor on the first byte or on the one at `offset`. With `finds` it is
  // the field at that byte, as soon as the record's details are here.
  async selectRecord(record, field = null, offset = null, finds = false) {
    const select = () => {
      const known = this.details.get(record);
      const chosen = finds && known ? fieldAt(known, offset) : field;
      const first = (known?.fields[chosen]?.pieces ?? known?.pieces)?.[0]?.[0] ?? this.start(record);
      this.choose({ sender: this.sender(record), offset: offset ?? first, record, field: chosen });
    };
    select();
    if (this.details.has(record)) return;
    const chosen = this.selected;
    await this.detail(record);
    if (this.selected === chosen && this.details.has(record)) select();
  }

  // The next note from the selection on, or with -1 the one before. Says whether there is one.
  async selectNote(step) {
    const from = this.selected;
    const notes = this.details.get(from?.record)?.notes ?? [];
    let record = from?.record ?? -1;
    let note = (from?.note ?? (step > 0 ? -1 : notes.length)) + step;
    if (from?.note === undefined && step < 0) note = -1; // back from a record means: to one before it
    if (!notes[note]) {
      do record += step; while (record >= 0 && record < this.count && !this.row(record)?.[2]);
      if (record < 0 || record >= this.count) return false;
      const details = await this.detail(record);
      if (!details?.notes.length || this.selected !== from) return false;
      note = step > 0 ? 0 : details.notes.length - 1;
    }
    const details = this.details.get(record);
    const at = details.notes[note].pieces[0]?.[0];
    const offset = at !== undefined && covers(details.pieces, at) ? at : this.start(record);
    this.choose({ sender: this.sender(record), offset, record, field: fieldAt(details, offset), note });
    return true;
  }

  choose(selected) {
    const details = this.details.get(selected.record);
    const pieces = details?.fields[selected.field]?.pieces ?? details?.pieces;
    selected.start = pieces?.[0]?.[0] ?? (selected.record === null ? selected.offset : this.start(selected.record));
    selected.stop = pieces?.at(-1)?.[1] ?? (selected.record === null ? selected.offset + 1 : this.stop(selected.record));
    selected.pieces = pieces ?? [[selected.start, selected.stop]];
    this.selected = selected;
    this.tell("selected");
    this.share();
  }

  // Python hears of a selection when it rests: holding an arrow key down sends few messages.
  share() {
    clearTimeout(this.sharing);
    this.sharing = setTimeout(() => {
      const { sender, start, stop, record, field, offset } = this.selected;
      const selection = { sender, start, stop, record, field, offset };
      this.sent = JSON.stringify(selection);
      if (this.sent === JSON.stringify(this.model.get("selection"))) return;
      this.model.set("selection", selection);
      this.model.save_changes();
    }, 80);
  }

  follow(wanted) {
    if (wanted?.record === undefined || wanted.record >= this.count) return;
    this.sent = JSON.stringify(wanted);
    this.selectRecord(wanted.record, wanted.field ?? null, wanted.offset ?? null);
  }

  // --- what the hexadecimal pane shows: the wire of one side, or a layer ---------------------

  // The layers that can be shown with the selection: those of the record around it on the wire, and its own.
  async tabs() {
    const owners = [this.wireRecord, this.selected?.record].filter((one, i, all) => one != null && all.indexOf(one) === i);
    const tabs = [];
    for (const record of owners) {
      for (const [number, about] of (await this.layersOf(record)).entries()) {
        const id = this.layer(record) === "sse" ? `event ${about.name}` : about.name;
        tabs.push({ id, record, number, about });
      }
    }
    return tabs;
  }

  async layersOf(record) {
    if (!this.layerLists.has(record)) {
      const lists = this.layerLists;
      lists.set(record, this.kernel.ask({ ask: "layers", record }).then(({ layers }) => layers ?? []));
    }
    return this.layerLists.get(record);
  }

  showWire(sender) {
    this.wanted = "wire";
    if (sender === this.selected?.sender) this.tell("selected");
    else {
      // What the other side said next, or last.
      let record = this.selected?.record ?? 0;
      while (record < this.count && this.sender(record) !== sender) record++;
      if (record >= this.count) record = this.order[sender].wire.records.at(-1);
      if (record !== undefined) this.selectRecord(record);
    }
  }

  show(id) {
    this.wanted = id;
    this.tell("selected");
  }

  wireSource() {
    const sender = this.selected?.sender ?? "client";
    const same = (offset) => offset;
    return { id: `wire ${sender}`, sender, bytes: this.bytes[sender], isWire: true, toWire: same, fromWire: same, after: same };
  }

  async source() {
    const tab = this.wanted === "wire" ? null : (await this.tabs()).find(({ id }) => id === this.wanted);
    const layer = tab && (await this.layerBytes(tab.record, tab.number, tab.about));
    if (!layer) return this.wireSource();
    const { starts, edges, bytes } = layer;
    const firsts = edges.filter((_, i) => i % 2 === 0);
    const toWire = (offset) => {
      const piece = lastNotAbove(starts, offset);
      return piece < 0 ? null : edges[2 * piece] + offset - starts[piece];
    };
    const after = (wire) => {
      const piece = lastNotAbove(firsts, wire);
      if (piece < 0) return firsts.length ? 0 : null;
      return Math.min(starts[piece] + Math.min(wire, edges[2 * piece + 1]) - firsts[piece], bytes.length - 1);
    };
    const fromWire = (wire) => {
      const offset = after(wire);
      return offset !== null && toWire(offset) === wire ? offset : null;
    };
    return { id: tab.about.key, tab: tab.id, sender: this.sender(tab.record), bytes, toWire, fromWire, after, about: tab.about };
  }
}

// Details with what makes a byte's field quick to find: the starts of all pieces in order.
function indexed(details) {
  const pieces = details.fields.flatMap((field, number) => field.pieces.map(([start, stop]) => ({ start, stop, number })));
  pieces.sort((one, other) => one.start - other.start || one.number - other.number);
  return { ...details, ordered: pieces, starts: pieces.map((piece) => piece.start) };
}

// The field at a byte; of several bit fields the one with the highest bits.
function fieldAt(details, offset) {
  let at = lastNotAbove(details.starts, offset);
  while (at > 0 && details.starts[at - 1] === details.starts[at]) at--;
  const piece = details.ordered[at];
  return piece && offset < piece.stop ? piece.number : null;
}
