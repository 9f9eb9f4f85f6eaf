// What the criteria of an answer bring in all, while they are typed. The server adds them up itself.

const number = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 2 });

for (const fields of document.querySelectorAll("[data-sum]")) {
  const inputs = [...fields.querySelectorAll("input")];
  const total = fields.querySelector("[data-sum-total]");
  const add = () => {
    const parts = inputs.map((input) => Number(input.value.trim().replace(",", ".")));
    const isWhole = inputs.every((input) => input.value.trim()) && parts.every(Number.isFinite);
    total.textContent = isWhole ? number.format(parts.reduce((sum, part) => sum + part, 0)) : "–";
  };
  fields.addEventListener("input", add);
  fields.querySelector("[data-sum-line]").hidden = false;
  add();
}
