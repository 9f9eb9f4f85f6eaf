// A recording that was just uploaded: a title from the file's name, and whether it fits.

document.addEventListener("weike:uploaded", ({ target, detail }) => {
  const form = target.closest("[data-recording-form]");
  if (!form) return;
  const title = form.elements.title;
  // What was said about the missing file (and title) is no longer so.
  form.querySelectorAll(":scope > .field-error, .recording-field > .field-error").forEach((error) => error.remove());
  if (title && !title.value.trim()) {
    title.value = detail.filename.replace(/\.[^.]+$/, "").replace(/[_]+/g, " ").slice(0, 120);
    title.classList.remove("is-invalid");
    title.removeAttribute("aria-invalid");
    form.querySelector("#title-error")?.remove();
  }
  const notice = form.querySelector("[data-too-long-notice]");
  const over = detail.duration_ms > Number(form.dataset.left);
  notice.textContent = over ? `${form.dataset.tooLong} ` : "";
  if (over && form.dataset.split) {
    const link = document.createElement("a");
    link.href = form.dataset.split.replace("0", detail.id);
    link.textContent = form.dataset.splitText;
    notice.append(link);
  }
  notice.hidden = !over;
});
