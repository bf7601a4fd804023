import { post } from "../api.js";
import { byId, fill, h, message } from "../dom.js";

/**
 * Asks for the token, and goes on when it is right. The token itself is kept nowhere in the page.
 *
 * @param {HTMLElement} main
 * @param {() => Promise<void>} done
 */
export function login(main, done) {
  const field = h("input", { type: "password", name: "token", autocomplete: "current-password", required: true });
  const failure = h("div");
  /** @param {SubmitEvent} event */
  const send = async (event) => {
    event.preventDefault();
    try {
      await post("login", { token: field.value });
      byId("logout").hidden = false;
      await done();
    } catch (error) {
      fill(failure, message(error instanceof Error ? error.message : String(error), "bad"));
    }
  };
  fill(
    main,
    h("h1", {}, "Token"),
    h("p", {}, "This dashboard asks for the token that DASHBOARD_TOKEN has where it was started."),
    h(
      "form",
      { class: "filters", submit: send },
      h("label", {}, "token", field),
      h("button", { type: "submit" }, "Go on"),
    ),
    failure,
  );
  field.focus();
}
