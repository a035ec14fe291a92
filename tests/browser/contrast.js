// The contrast of every piece of text inside `selector`, as WCAG 2.2 defines it: [{text, ratio}, …].
// The browser itself paints the colours on a canvas of one pixel, so every way to write a colour is understood.
(selector) => {
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 })
    .getContext('2d', { willReadFrequently: true });

  function paint(color, opacity = 1) {
    context.globalAlpha = opacity;
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
  }

  function luminance() {
    const [red, green, blue] = Array.from(context.getImageData(0, 0, 1, 1).data, byte => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function ancestors(element) {
    return element ? [...ancestors(element.parentElement), element] : [];
  }

  // What a drawing has painted before a text and under its middle, such as the bar that the text stands in.
  function under(text) {
    const box = text.getBoundingClientRect();
    const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
    return [...text.ownerSVGElement.querySelectorAll('path, rect, circle, polygon')].filter(shape =>
      !shape.closest('defs, clipPath') && getComputedStyle(shape).fill !== 'none' &&
      shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING &&
      shape.isPointInFill(middle.matrixTransform(shape.getScreenCTM().inverse())));
  }

  // What a hatched shape is filled with: the ground of its pattern, on which the hatch is drawn; nothing if it has none.
  function ground(fill) {
    const pattern = document.getElementById(/url\("?#([^")]+)"?\)/.exec(fill)?.[1]);
    return pattern ? getComputedStyle(pattern.querySelector('rect') ?? pattern).fill : fill;
  }

  function contrast(element) {
    const family = ancestors(element).map(one => getComputedStyle(one));
    paint('white');
    for (const style of family) paint(style.backgroundColor);
    if (element.ownerSVGElement) {
      for (const style of under(element).map(shape => getComputedStyle(shape))) {
        const fill = ground(style.fill);
        if (fill !== 'none') paint(fill, style.fillOpacity * style.opacity);
      }
    }
    const below = luminance();
    const own = family.at(-1);
    const color = element instanceof SVGElement ? own.fill : own.color;
    paint(color, family.reduce((product, style) => product * style.opacity, 1));
    const ink = luminance();
    return (Math.max(ink, below) + 0.05) / (Math.min(ink, below) + 0.05);
  }

  const hasText = element => [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  return [...document.querySelectorAll(`${selector}, ${selector} *`)]
    .filter(element => element.checkVisibility() && hasText(element))
    .filter(element => !['STYLE', 'TITLE', 'DESC', 'SCRIPT'].includes(element.tagName.toUpperCase()))
    .map(element => ({ text: element.textContent.trim().slice(0, 40), ratio: contrast(element) }));
}
