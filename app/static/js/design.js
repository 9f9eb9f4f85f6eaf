// The living design page: swatches from tokens, appearance from the address, sample notices.
import { say } from "weike/app";

const page = document.getElementById("design");
const root = document.documentElement;
if (page.dataset.look !== "auto") {
  root.dataset.appearance = page.dataset.look;
  root.dataset.bsTheme = page.dataset.look;
}
if ("large" in page.dataset) root.dataset.type = "large";
for (const swatch of page.querySelectorAll("[data-token]")) {
  swatch.style.background = `var(--${swatch.dataset.token})`;
}
for (const bar of page.querySelectorAll("[data-width]")) {
  bar.style.width = `var(--${bar.dataset.width})`;
}
for (const box of page.querySelectorAll("[data-radius]")) {
  box.style.borderRadius = `var(--${box.dataset.radius})`;
}
for (const box of page.querySelectorAll("[data-shadow]")) {
  box.style.boxShadow = `var(--${box.dataset.shadow})`;
}
for (const box of page.querySelectorAll("[data-time]")) {
  box.style.transition = `background var(--${box.dataset.time}) var(--ease)`;
}
for (const button of page.querySelectorAll("[data-say]")) {
  button.addEventListener("click", () => {
    say(`${button.dataset.say}：已保存课程“网络钓鱼与密码”。 Saved.`, button.dataset.say);
  });
}
