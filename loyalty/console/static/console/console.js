// Small manners of the console: copy buttons, forms that are sent once, and everything within reach of the keyboard.
document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    navigator.clipboard?.writeText(button.dataset.copy);
    button.title = "Copied";
    button.setAttribute("aria-label", "Copied");
    button.classList.add("ts-copied");
});
document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    form.querySelectorAll("button[type=submit]").forEach((button) => button.setAttribute("aria-busy", "true"));
});
// The browser's back button shows the page as it was: let it be sent again.
window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-once]").forEach((form) => delete form.dataset.sent);
});
// The theme hides the page until it has started, and the browser gives no focus to what is hidden.
document.addEventListener("alpine:initialized", () => requestAnimationFrame(() => {
    // A preview's form keeps its fields, hidden: what is to be confirmed comes before them.
    const first = document.querySelector(".ts-preview ~ .ts-buttons button, [data-secret] ~ button")
        ?? document.querySelector("[autofocus]");
    if (first && document.activeElement === document.body) first.focus();
}));
// The theme has things to click that are no buttons: make them so.
function reachable() {
    document.querySelectorAll("div, span, a:not([href])").forEach((thing) => {
        if (!thing.hasAttribute("x-on:click") || thing.hasAttribute("tabindex") || thing.id.endsWith("-close")) return;
        thing.tabIndex = 0;
        thing.setAttribute("role", "button");
    });
}
// A heading stands where its numbers do.
function align() {
    document.querySelectorAll("table").forEach((table) => {
        const heads = table.querySelectorAll("thead th");
        [...(table.tBodies[0]?.rows[0]?.cells ?? [])].forEach((cell, place) => {
            const numbers = cell.querySelector(":scope > .ts-number, :scope > .ts-points");
            if (numbers && heads[place]) heads[place].classList.add("ts-over-numbers");
        });
    });
}
document.addEventListener("DOMContentLoaded", () => { reachable(); align(); });
function typing(thing) {
    return thing.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(thing.tagName);
}
document.addEventListener("keydown", (event) => {
    const here = document.activeElement;
    if ((event.key === "Enter" || event.key === " ") && here.getAttribute("role") === "button" && !here.href
        && here.hasAttribute("x-on:click")) {
        event.preventDefault();
        here.click();
    }
    // Where there is no list to search, search everything.
    if (event.key === "/" && !typing(here) && !document.getElementById("searchbar")) {
        event.preventDefault();
        window.dispatchEvent(new CustomEvent("opencommand"));
    }
    // Escape leaves a form nobody has touched, and otherwise takes nothing away.
    if (event.key === "Escape" && !event.defaultPrevented) {
        const way = document.querySelector("[data-leave]");
        const fields = [...document.querySelectorAll("form[data-once] :is(input, textarea):not([type=hidden])")];
        const touched = fields.some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
        if (way && !touched && here.id !== "search-input-command") window.location = way.href;
    }
});
// In the search over everything, Enter opens the first result, and with none does nothing.
document.addEventListener("htmx:after-swap", (event) => {
    const box = event.target.id === "command-results" && event.target.closest("[x-data='searchCommand()']");
    if (box && box.querySelector("#command-results-list li")) Alpine.$data(box).currentIndex = 1;
});
document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.id !== "search-input-command") return;
    if (!document.querySelector("#command-results-list li")) { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);
