// Draws the formulas of texts (<code class="formula">) with KaTeX, which is fetched only then.
// Without this script a formula is read as it was written.

const words = document.getElementById("words").dataset;
let katex = null;

async function load() {
  if (!katex) {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = words.katexStyle;
    document.head.append(style);
    katex = (await import(words.katex)).default;
  }
  return katex;
}

/** Draw one formula into an element. What KaTeX does not understand is shown in red, as written. */
export async function formula(element, tex, block = false) {
  const { render } = await load();
  render(tex, element, { displayMode: block, throwOnError: false, trust: false, maxExpand: 500, maxSize: 20, strict: false });
}

/** Draw all formulas below an element. */
export async function formulas(root = document) {
  for (const code of root.querySelectorAll("code.formula")) {
    const drawn = document.createElement("span");
    drawn.className = code.className;
    await formula(drawn, code.textContent, code.classList.contains("formula-block"));
    code.replaceWith(drawn);
  }
}
