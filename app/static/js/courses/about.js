// The choice of branches: a field that narrows a long list.

const box = document.querySelector("[data-filter-branches]");
if (box) {
  box.hidden = false;
  const branches = [...document.querySelectorAll(".branch-list .branch")];
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLocaleLowerCase();
    for (const branch of branches) {
      const fits = branch.textContent.toLocaleLowerCase().includes(wanted);
      branch.hidden = Boolean(wanted) && !fits && !branch.querySelector("input").checked;
    }
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}
