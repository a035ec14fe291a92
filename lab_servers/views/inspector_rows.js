// Rows of one height of which only those in sight are in the page, however many there are.

const SPARE_ROWS = 6; // drawn above and below what is in sight, so that scrolling shows no gap
const MAX_HEIGHT_PX = 8_000_000; // browsers make no element much higher; beyond it, the scroll bar is a scale

class Rows {
  // `draw(index)` makes the element of a row.
  constructor(row_px, draw, attributes) {
    this.row_px = row_px;
    this.draw = draw;
    this.count = 0;
    this.shown = new Map(); // index → element
    this.body = make("div", { class: "lsi-rows", role: "presentation" });
    this.space = make("div", { class: "lsi-space", role: "presentation" }, this.body);
    this.element = make("div", { tabindex: "0", ...attributes }, this.space);
    this.element.addEventListener("scroll", () => this.update(), { passive: true });
    this.size = new ResizeObserver(() => {
      this.update();
      this.onResize?.();
    });
    this.size.observe(this.element);
  }

  get height_px() { return Math.min(this.count * this.row_px, MAX_HEIGHT_PX); }
  get isScaled() { return this.count * this.row_px > MAX_HEIGHT_PX; }
  get inSight() { return Math.max(Math.floor(this.element.clientHeight / this.row_px), 1); }

  get first() {
    const { scrollTop, clientHeight } = this.element;
    if (!this.isScaled) return Math.floor(scrollTop / this.row_px);
    return Math.round((scrollTop / (this.height_px - clientHeight)) * (this.count - this.inSight));
  }

  setCount(count) {
    this.count = count;
    this.space.style.height = `${this.height_px}px`;
  }

  // Draw what is in sight and not drawn yet; with `anew`, all of it, or what that says of an element.
  update(anew = false) {
    const first = this.first;
    const from = Math.max(this.isScaled ? first : first - SPARE_ROWS, 0);
    const to = Math.min(first + this.inSight + SPARE_ROWS + 1, this.count);
    const shown = new Map();
    const elements = [];
    for (let index = from; index < to; index++) {
      const old = this.shown.get(index);
      const isOld = !old || (typeof anew === "function" ? anew(old) : anew);
      const element = isOld ? this.draw(index) : old;
      shown.set(index, element);
      elements.push(element);
    }
    const same = shown.size === this.shown.size && elements.every((one, i) => one === this.body.children[i]);
    if (!same) this.body.replaceChildren(...elements);
    this.shown = shown;
    this.body.style.transform = `translateY(${this.isScaled ? this.element.scrollTop : from * this.row_px}px)`;
    this.onUpdate?.();
  }

  // Bring a row into sight, with one more above and below it: by as little as that takes for a step, else to the middle.
  reveal(index) {
    const { element, row_px, inSight } = this;
    const spare = inSight > 4 ? 1 : 0;
    const first = this.first;
    const least = first + (element.scrollTop % row_px ? 1 : 0) + spare; // the rows that are well in sight
    const most = first + inSight - 1 - spare;
    if (index >= least && index <= most) return;
    const isStep = index >= least - 4 && index <= most + 4;
    const top = isStep ? (index < least ? index - spare : index - inSight + 1 + spare) : index - Math.floor(inSight / 2);
    const wanted = Math.min(Math.max(top, 0), Math.max(this.count - inSight, 0));
    element.scrollTop = this.isScaled
      ? (wanted / (this.count - inSight)) * (this.height_px - element.clientHeight)
      : wanted * row_px;
    this.update();
  }

  remove() {
    this.size.disconnect();
  }
}
