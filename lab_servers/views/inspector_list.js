// The list of records as a tree: the conversation in order of time, and under the selected record its fields.

const LIST_ROW_PX = 28;
const INDENT_PX = 16;
const QUIET_FIELDS = new Set(["space", "colon", "white space", "line end"]); // there for the sake of the others

class RecordList {
  constructor(store, prefix) {
    this.store = store;
    this.prefix = prefix;
    this.kind = "";
    this.words = "";
    this.records = null; // the numbers of the records that pass the filter; null for all of them
    this.isOpen = true;
    this.under = []; // the rows under the selected record
    this.rows = new Rows(LIST_ROW_PX, (index) => this.draw(index), {
      class: "lsi-list", role: "tree", "aria-label": "Records in order of time",
    });
    this.element = this.rows.element;
    this.rows.onUpdate = () => this.wantPage();
    this.rows.onResize = () => this.current >= 0 && this.rows.reveal(this.current);
    this.element.addEventListener("click", (event) => this.click(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  remove() {
    this.rows.remove();
  }

  // --- which rows there are ----------------------------------------------------------------

  filter(kind, words) {
    this.kind = kind;
    this.words = words.trim().toLowerCase();
    this.gather();
  }

  gather() {
    const { store, kind, words } = this;
    this.records = null;
    if (kind || words) {
      this.records = [];
      for (let record = 0; record < store.count; record++) if (this.passes(record)) this.records.push(record);
    }
    this.refresh(false);
  }

  passes(record) {
    const { store, kind, words } = this;
    if (LAYERS.includes(kind) && store.layer(record) !== kind) return false;
    if (SENDERS.includes(kind) && store.sender(record) !== kind) return false;
    const row = store.row(record);
    if (kind === "notes" && !row?.[2]) return false;
    if (kind.startsWith("name:") && row?.[0] !== kind.slice(5)) return false;
    return !words || (row !== null && `${row[0]} ${row[1]}`.toLowerCase().includes(words));
  }

  get total() {
    return this.records?.length ?? this.store.count;
  }

  recordAt(position) {
    return this.records ? this.records[position] : position;
  }

  // The position of a record among those that pass the filter; -1 when it is not one of them.
  positionOf(record) {
    if (record === null || record === undefined) return -1;
    if (!this.records) return record;
    const position = lastNotAbove(this.records, record);
    return this.records[position] === record ? position : -1;
  }

  // What a row shows: { record } or { record, field } or { record, group }.
  item(index) {
    const open = this.openAt;
    if (open < 0 || index <= open) return { record: this.recordAt(index) };
    const under = this.under[index - open - 1];
    return under ?? { record: this.recordAt(index - this.under.length) };
  }

  indexOf(selected) {
    const position = this.positionOf(selected?.record);
    if (position < 0) return -1;
    if (this.openAt >= 0 && selected.field !== null) {
      const row = this.under.findIndex((one) => one.field === selected.field);
      if (row >= 0) return this.openAt + 1 + row;
    }
    return position;
  }

  refresh(reveal = true) {
    const { store } = this;
    const selected = store.selected;
    const details = store.details.get(selected?.record);
    if (selected?.record !== this.shownRecord) {
      this.shownRecord = selected?.record;
      this.isOpen = true;
    }
    this.under = this.isOpen && details ? rowsOf(details) : [];
    this.openAt = this.under.length ? this.positionOf(selected.record) : -1;
    if (this.openAt < 0) this.under = [];
    this.rows.setCount(this.total + this.under.length);
    this.current = this.indexOf(selected);
    this.rows.update(true);
    if (reveal && this.current >= 0) this.rows.reveal(this.current);
    if (this.current >= 0) this.element.setAttribute("aria-activedescendant", `${this.prefix}-r${this.current}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  wantPage() {
    const item = this.item(Math.min(this.rows.first, this.rows.count - 1));
    if (item?.record !== undefined) this.store.urgentPage = Math.floor(item.record / PAGE_ROWS);
  }

  // --- drawing ---------------------------------------------------------------------------

  draw(index) {
    const item = this.item(index);
    const element = item.field === undefined && !item.group ? this.drawRecord(item.record, index) : this.drawPart(item);
    element.id = `${this.prefix}-r${index}`;
    element.dataset.index = index;
    element.isPartial = item.field === undefined && !this.store.row(item.record);
    element.setAttribute("aria-selected", index === this.current);
    return element;
  }

  drawRecord(record, index) {
    const { store } = this;
    const sender = store.sender(record);
    const [name, summary, worst, isComplete] = store.row(record) ?? ["…", "", 0, 1];
    const isOpen = this.openAt >= 0 && index === this.openAt;
    const time = store.time_ms(sender, store.stop(record) - 1);
    return make("div", {
      class: `lsi-record from-${sender}${record === store.selected?.record ? " open" : ""}`, role: "treeitem",
      "aria-level": 1, "aria-expanded": isOpen, "aria-posinset": this.positionOf(record) + 1, "aria-setsize": this.total,
      style: `--indent: ${store.depth(record) * INDENT_PX}px`,
    },
    make("span", { class: "lsi-twist", "aria-hidden": "true", text: isOpen ? "▾" : "▸" }),
    make("span", { class: "lsi-arrow", text: ARROWS[sender], "aria-label": `from the ${sender}` }),
    make("span", { class: `lsi-letter k${store.sign(record)}`, "aria-hidden": "true", text: store.signs[store.sign(record)].letter }),
    make("span", { class: "lsi-name", text: isComplete ? name : `${name} (incomplete)` }),
    make("bdi", { class: "lsi-summary", text: summary }),
    worst ? severity(worst) : make("span"),
    make("span", { class: "lsi-time", text: time === null ? "" : milliseconds(time) }));
  }

  drawPart({ record, field, group }) {
    if (group) return make("div", { class: "lsi-group", role: "treeitem", "aria-level": 2, text: group });
    const one = this.store.details.get(record).fields[field];
    return make("div", { class: `lsi-field${QUIET_FIELDS.has(one.name) ? " quiet" : ""}`, role: "treeitem", "aria-level": one.group ? 3 : 2 },
      make("span", { class: `lsi-stripe k${one.sign}`, "aria-hidden": "true" }),
      make("span", { class: "lsi-name", text: one.name }),
      make("bdi", { class: "lsi-summary", text: one.value }));
  }

  // --- pointer and keys --------------------------------------------------------------------

  click(event) {
    const row = event.target.closest("[data-index]");
    if (!row) return;
    const { record, field } = this.item(Number(row.dataset.index));
    if (field !== undefined) this.store.selectRecord(record, field);
    else if (row.classList.contains("lsi-group")) return;
    else if (record === this.store.selected?.record && this.store.selected.field === null) this.toggle(!this.isOpen);
    else this.store.selectRecord(record);
  }

  toggle(isOpen) {
    this.isOpen = isOpen;
    this.refresh();
  }

  // From the selected record to the first of its fields, once they are here.
  async enter() {
    await this.store.detail(this.store.selected.record);
    if (this.openAt >= 0 && this.current === this.openAt) this.select(this.openAt + 1, 1);
  }

  select(index, step) {
    let to = Math.min(Math.max(index, 0), this.rows.count - 1);
    if (this.item(to)?.group) to += step; // a heading is no stop
    const item = this.item(to);
    if (item?.record !== undefined) this.store.selectRecord(item.record, item.field ?? null);
  }

  key(event) {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    const at = this.current;
    const item = at >= 0 ? this.item(at) : null;
    const page = Math.max(this.rows.inSight - 1, 1);
    const act = {
      ArrowDown: () => this.select(at + 1, 1),
      ArrowUp: () => this.select(at - 1, -1),
      PageDown: () => this.select(at + page, 1),
      PageUp: () => this.select(at - page, -1),
      Home: () => this.select(0, 1),
      End: () => this.select(this.rows.count - 1, -1),
      ArrowRight: () => (this.isOpen ? this.enter() : this.toggle(true)),
      ArrowLeft: () => (item?.field === undefined ? this.toggle(false) : this.store.selectRecord(item.record)),
      Enter: () => this.onEnter?.(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }
}

// The rows under a record: its fields, with a heading where a group of them begins.
function rowsOf(details) {
  const rows = [];
  let group = "";
  for (const [field, one] of details.fields.entries()) {
    if (one.group && one.group !== group) rows.push({ record: details.record, group: one.group });
    group = one.group;
    rows.push({ record: details.record, field });
  }
  return rows;
}

function severity(level, attributes = {}) {
  const { sign, word } = SEVERITIES[level];
  return make("span", { class: `lsi-severity s${level}`, title: word, "aria-label": word, text: sign, ...attributes });
}
