// The pages of a scenario panel under their tabs: picture, bytes, table and code. The arrow keys go from tab to tab.

const TABS = ["picture", "bytes", "table", "code"];

// The views escape whatever was recorded. This is the second lock on that door: nothing in a page may run or load.
function clean(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  page.querySelectorAll("script, iframe, object, embed, link, meta, base, form, foreignObject").forEach((one) => one.remove());
  for (const one of page.body.querySelectorAll("*")) {
    for (const { name, value } of [...one.attributes]) {
      const loads = /^(src|srcset|data|action|formaction)$/i.test(name) || (/href$/i.test(name) && /^\s*(javascript|data):/i.test(value));
      if (/^on/i.test(name) || loads) one.removeAttribute(name);
    }
  }
  const made = document.createDocumentFragment();
  made.append(...page.body.childNodes);
  return made;
}

class Pages {
  constructor(prefix, onOpen) {
    this.onOpen = onOpen;
    this.note = part("p", { class: "lss-note" });
    this.copied = part("span", { class: "lss-copied", role: "status" });
    this.tabs = TABS.map((name) => part("button", {
      type: "button", role: "tab", id: `${prefix}-tab-${name}`, "aria-controls": `${prefix}-page-${name}`, text: name,
      on: { click: () => this.open(name) },
    }));
    this.pages = TABS.map((name) => part("div", {
      role: "tabpanel", id: `${prefix}-page-${name}`, "aria-labelledby": `${prefix}-tab-${name}`,
      // What the views made for a page of JupyterLab's looks as it does there.
      class: `lss-page lss-page-${name}${name === "picture" || name === "table" ? " jp-RenderedHTMLCommon" : ""}`,
    }));
    for (const name of ["picture", "table"]) this.page(name).tabIndex = 0; // nothing in them takes the focus
    const list = part("div", { class: "lss-tabs", role: "tablist", "aria-label": "The run as", on: { keydown: (event) => this.key(event) } }, ...this.tabs);
    this.element = part("div", { class: "lss-pages" }, list, ...this.pages);
    this.page("bytes").append(this.note);
    this.open("picture");
  }

  page(name) {
    return this.pages[TABS.indexOf(name)];
  }

  open(name) {
    this.opened = name;
    // The inspector stands after this widget, in one of its own; the style sheet shows it with this.
    this.element.dataset.tab = name;
    TABS.forEach((other, number) => {
      const isOpen = other === name;
      this.tabs[number].setAttribute("aria-selected", String(isOpen));
      this.tabs[number].tabIndex = isOpen ? 0 : -1;
      this.pages[number].hidden = !isOpen;
    });
    this.onOpen(name);
  }

  key(event) {
    const here = TABS.indexOf(this.opened), last = TABS.length - 1;
    const target = { ArrowRight: here === last ? 0 : here + 1, ArrowLeft: here === 0 ? last : here - 1, Home: 0, End: last }[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.open(TABS[target]);
    this.tabs[target].focus();
  }

  show({ picture, table, code }) {
    this.page("picture").replaceChildren(clean(picture ?? ""));
    this.page("table").replaceChildren(clean(table ?? ""));
    this.code = part("code", { text: code ?? "" });
    this.copied.textContent = "";
    const copy = part("button", { type: "button", text: "Copy", class: "lss-button", on: { click: () => this.copy() } });
    this.page("code").replaceChildren(part("pre", { class: "lss-code", tabindex: "0", "aria-label": "The same run as code" }, this.code),
      part("div", { class: "lss-buttons" }, copy, this.copied));
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.code.textContent);
      this.copied.textContent = "Copied.";
    } catch { // a browser that keeps its clipboard to itself
      getSelection().selectAllChildren(this.code);
      this.copied.textContent = "Selected: press Ctrl+C or ⌘C.";
    }
  }
}
