// The fields of a scenario panel, one for each parameter, made of the browser's own controls, so that a keyboard and a
// screen reader know them. What stands in a field is text; Python decides whether it is a value.

function part(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === "text") made.textContent = value;
    else if (key === "on") for (const [event, then] of Object.entries(value)) made.addEventListener(event, then);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function control(field, id) {
  const about = { id, "aria-describedby": `${id}-hint`, name: field.name };
  if (field.kind === "switch") return part("input", { ...about, type: "checkbox" });
  if (field.kind === "choice") {
    const select = part("select", about);
    select.append(...field.options.map((option) => new Option(option, option)));
    return select;
  }
  // Not type=number: that one hides what it does not understand, and nobody could say what is wrong with it.
  const mode = field.kind === "whole" ? "numeric" : "decimal";
  return part("input", { ...about, type: "text", inputmode: mode, autocomplete: "off", spellcheck: "false", maxlength: 40 });
}

class Fields {
  constructor(fields, prefix, onChange) {
    this.controls = new Map();
    this.elements = fields.map((field, number) => {
      const id = `${prefix}-${number}`, made = control(field, id);
      made.addEventListener("change", onChange);
      this.controls.set(field.name, made);
      const hint = part("span", { class: "lss-hint", id: `${id}-hint` });
      if (field.bounds) hint.append(part("span", { class: "lss-bounds", text: `${field.bounds}.` }), " ");
      hint.append(field.sentence);
      return part("div", { class: "lss-field" },
        part("label", { for: id, text: field.name }),
        part("span", { class: "lss-value" }, made, part("span", { class: "lss-unit", text: field.unit })),
        hint);
    });
  }

  // What stands in the fields, by name.
  values() {
    return Object.fromEntries([...this.controls].map(([name, one]) => [name, one.type === "checkbox" ? one.checked : one.value]));
  }

  show(values) {
    for (const [name, one] of this.controls) {
      if (!(name in values)) continue;
      if (one.type === "checkbox") one.checked = values[name];
      else if (one.value !== values[name]) one.value = values[name];
    }
  }

  blame(wrong) {
    for (const [name, one] of this.controls) {
      if (name === wrong) one.setAttribute("aria-invalid", "true");
      else one.removeAttribute("aria-invalid");
    }
  }
}
