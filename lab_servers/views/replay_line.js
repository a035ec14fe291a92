// A line of text of the replay panel: a status, a sentence or code. Whatever it holds is text and never markup.

// A screen reader is told once the reader has stopped typing, and not at every key.
const SPEAK_AFTER_MS = 700;

export default {
  render({ model, el }) {
    const kind = model.get("kind");
    const shown = document.createElement(kind === "code" ? "code" : kind === "heading" ? "h4" : "p");
    shown.className = `lsr-${kind}`;
    el.append(shown);
    let spoken = null;
    let timer;
    if (kind === "status") {
      spoken = document.createElement("p");
      spoken.className = "lsr-unseen";
      spoken.setAttribute("role", "status");
      spoken.setAttribute("aria-live", "polite");
      shown.setAttribute("aria-hidden", "true");
      el.append(spoken);
    }
    const show = () => {
      const text = model.get("text");
      shown.textContent = text;
      shown.classList.toggle("lsr-wrong", model.get("is_wrong"));
      el.hidden = text === "";
      if (spoken) {
        clearTimeout(timer);
        timer = setTimeout(() => (spoken.textContent = text), SPEAK_AFTER_MS);
      }
    };
    model.on("change:text", show);
    model.on("change:is_wrong", show);
    show();
    return () => clearTimeout(timer);
  },
};
