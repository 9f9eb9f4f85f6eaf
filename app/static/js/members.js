// Pages about people: showing what is typed into password fields, and printing.

for (const box of document.querySelectorAll("[data-reveal-all]")) {
  const form = box.closest("form");
  const apply = () => {
    for (const field of form.querySelectorAll("[data-reveal]")) {
      field.type = box.checked ? "text" : "password";
    }
  };
  box.closest("label").hidden = false;
  box.checked = false;
  box.addEventListener("change", apply);
  // Sent as a password again, so that browsers offer to keep it and do not remember it as text.
  form.addEventListener("submit", () => {
    box.checked = false;
    apply();
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
