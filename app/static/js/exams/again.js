// Signing in again on the page of an exam: a dialog, so that the page and its answers stay.

const labelled = (id, label, type, complete) => {
  const box = document.createElement("div");
  box.className = "field";
  const name = document.createElement("label");
  name.className = "form-label";
  name.htmlFor = id;
  name.textContent = label;
  const input = document.createElement("input");
  Object.assign(input, { id, type, autocomplete: complete, required: true, className: "form-control form-control-lg" });
  input.autocapitalize = "none";
  input.spellcheck = false;
  box.append(name, input);
  return [box, input];
};

async function tokenOf(page) {
  const text = new DOMParser().parseFromString(await page.text(), "text/html");
  return text.querySelector("meta[name=csrf-token]")?.content ?? "";
}

/**
 * Ask for name and password. `back` is called when the session is there again and resolves to
 * whether the page belongs to who signed in. Returns {close} for when it comes back by itself.
 */
export function signInAgain(words, back) {
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.id = "sign-in-again";
  const form = document.createElement("form");
  form.noValidate = true;
  const text = document.createElement("p");
  text.id = "sign-in-why";
  text.textContent = words.wordSignIn;
  dialog.setAttribute("aria-labelledby", text.id);
  const [first, login] = labelled("again-login", words.wordLogin, "text", "username");
  const [second, password] = labelled("again-password", words.wordPassword, "password", "current-password");
  const problem = document.createElement("p");
  problem.className = "field-error";
  problem.setAttribute("role", "alert");
  const say = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = !sentence; // it has a mark of its own
  };
  say("");
  const actions = document.createElement("div");
  actions.className = "dialog-actions";
  const button = document.createElement("button");
  button.className = "btn btn-primary btn-lg";
  button.textContent = words.wordSignInButton;
  const link = document.createElement("a");
  link.className = "btn btn-ghost";
  link.href = "/sign-in";
  link.target = "_blank";
  link.rel = "opener";
  link.textContent = words.wordSignInElse;
  actions.append(button, link);
  form.append(text, first, second, problem, actions);
  dialog.append(form);
  document.body.append(dialog);
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.showModal();
  login.focus();

  const finished = async () => {
    if (await back()) close();
    else say(words.wordOtherMember);
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    button.setAttribute("aria-busy", "true");
    try {
      const page = await fetch("/sign-in", { headers: { Accept: "text/html" } });
      if (page.redirected) return await finished(); // signed in meanwhile, in another window
      const body = new URLSearchParams({ login: login.value, password: password.value });
      body.set("csrf_token", await tokenOf(page));
      const answer = await fetch("/sign-in", { method: "POST", body, redirect: "manual" });
      if (answer.type === "opaqueredirect") return await finished();
      say(answer.status === 429 ? words.wordTooOften : words.wordWrong);
      password.value = "";
      password.focus();
    } catch {
      say(words.wordOffline);
    } finally {
      button.removeAttribute("aria-busy");
    }
    return undefined;
  });
  const close = () => dialog.remove();
  return { close };
}
