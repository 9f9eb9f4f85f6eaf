// A field that came back with an error loses it when it is changed, and has it again when it is put
// back to what was refused. What the browser itself can check (an address, a number) must be right.

const words = document.getElementById("words").dataset;
const CONTROLS = "input:not([type=hidden]), select, textarea";

// Says what has become of an error; it must be there before it speaks.
const status = document.createElement("div");
status.className = "visually-hidden";
status.setAttribute("role", "status");
document.body.append(status);

/** Whether a control is as the page brought it. */
function asGiven(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked === control.defaultChecked;
  if (control.tagName !== "SELECT") return control.value === control.defaultValue;
  const options = [...control.options];
  if (!control.multiple && !options.some((option) => option.defaultSelected)) return control.selectedIndex <= 0;
  return options.every((option) => option.selected === option.defaultSelected);
}

/** The smallest box around `element` that holds its error and its controls. A form is none. */
function boxOf(element) {
  for (let box = element.parentElement; box && box.tagName !== "FORM"; box = box.parentElement) {
    if (box.querySelector(".field-error") && box.querySelector(CONTROLS)) return box;
  }
  return null;
}

function show(box, isShown) {
  for (const error of box.querySelectorAll(".field-error")) {
    error.dataset.said ??= error.textContent;
    error.hidden = !isShown;
    error.textContent = isShown ? error.dataset.said : ""; // what is hidden still describes a field
  }
  for (const control of box.querySelectorAll(".is-invalid, .was-invalid, [aria-invalid], [data-was-invalid]")) {
    control.dataset.wasInvalid ??= control.getAttribute("aria-invalid") ?? "";
    const { wasInvalid } = control.dataset;
    if (control.matches(".is-invalid, .was-invalid")) {
      control.classList.toggle("is-invalid", isShown);
      control.classList.toggle("was-invalid", !isShown);
    }
    if (isShown && wasInvalid) control.setAttribute("aria-invalid", wasInvalid);
    else control.removeAttribute("aria-invalid");
  }
  for (const line of document.querySelectorAll("[data-error-of]")) {
    const { errorOf } = line.dataset;
    const of = document.getElementById(errorOf) ?? document.getElementById(`${errorOf}-error`);
    if (box.contains(of)) line.classList.toggle("seen-to", !isShown);
  }
}

document.addEventListener("input", ({ target }) => {
  const box = target.matches?.(CONTROLS) ? boxOf(target) : null;
  if (!box) return;
  const errors = [...box.querySelectorAll(".field-error")];
  const controls = [...box.querySelectorAll(CONTROLS)];
  const isRefused = controls.every(asGiven) || controls.some((control) => !control.validity.valid);
  if (isRefused === errors.some((error) => !error.hidden)) return;
  show(box, isRefused);
  status.textContent = isRefused ? errors.map((error) => error.textContent).join(" ") : words.changed;
});
