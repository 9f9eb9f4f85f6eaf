// The editor of a question: more rows for answers without asking the server.

function addRow(list, fresh) {
  const rows = list.children;
  const row = rows[rows.length - 1].cloneNode(true);
  const number = rows.length; // rows are named from 0
  for (const input of row.querySelectorAll("input")) {
    input.name = input.name.replace(/-\d+-/, `-${number}-`);
    if (input.type === "radio") input.value = String(number);
    if (input.type === "text") input.value = "";
    input.checked = false;
  }
  for (const element of row.querySelectorAll("[aria-label], span")) {
    const last = /\d+(?!.*\d)/;
    const label = element.getAttribute("aria-label");
    if (label) element.setAttribute("aria-label", label.replace(last, String(number + 1)));
    if (element.tagName === "SPAN") element.textContent = element.textContent.replace(last, String(number + 1));
  }
  list.append(row);
  if (fresh) row.querySelector("input[type=text]").focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-more]");
  if (!button) return;
  event.preventDefault();
  const form = button.form;
  const list = form.querySelector("[data-option-rows]");
  addRow(list, true);
  for (const beside of form.querySelectorAll("[data-worth-rows]")) addRow(beside, false);
  button.hidden = list.children.length >= Number(list.dataset.most);
});
