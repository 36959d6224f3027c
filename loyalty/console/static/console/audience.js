// While somebody writes a rule, for an audience or as the condition of a coupon book: how many members that is, and some of them; or what is wrong with the rule.
(() => {
    const panel = document.getElementById("rule-look");
    const form = document.querySelector("form[data-once]");
    const field = (name) => form?.elements.namedItem(name);
    if (!panel || !form || !field("expression") || field("confirmed")) return;
    const shownFor = { "attribute-matcher": ["expression"], "list-matcher": ["own_ids", "numbers"], "null-matcher": [] };
    const names = ["expression", "own_ids", "numbers"].filter((name) => field(name));
    let waiting, asked;

    function fit() {
        if (!field("matcher_type")) return;
        const shown = shownFor[field("matcher_type").value] ?? [];
        for (const name of names) {
            field(name).closest(".group").hidden = !shown.includes(name);
        }
    }
    function refuse(name, text, position) {
        form.querySelectorAll("[data-refusal]").forEach((one) => one.remove());
        form.querySelectorAll("[aria-invalid]").forEach((one) => one.removeAttribute("aria-invalid"));
        if (!text) return;
        const beside = field(name);
        const line = Object.assign(document.createElement("p"), { className: "ts-refusal", textContent: text });
        line.dataset.refusal = position ?? "";
        line.setAttribute("role", "alert");
        beside.setAttribute("aria-invalid", "true");
        beside.after(line);
    }
    function show(found) {
        refuse(found.field, found.error, found.position);
        panel.querySelector("[data-count]").textContent = found.error ? "–" : found.count;
        const rows = (found.members ?? []).map((member) => {
            const row = document.createElement("tr");
            const link = Object.assign(document.createElement("a"), { className: "ts-link", href: member.address });
            link.textContent = member.name;
            row.insertCell().append(link);
            row.insertCell().append(member.id);
            return row;
        });
        panel.querySelector("tbody").replaceChildren(...rows);
        panel.querySelector("table").hidden = rows.length === 0;
        panel.hidden = false;
    }
    async function look() {
        asked?.abort();
        asked = new AbortController();
        const written = names.some((name) => field(name).value.trim());
        if (!written) { refuse(); panel.hidden = true; return; }
        try {
            const answer = await fetch(panel.dataset.address, {
                method: "POST", body: new FormData(form), signal: asked.signal,
                headers: { "X-CSRFToken": field("csrfmiddlewaretoken").value },
            });
            if (answer.ok) show(await answer.json());
        } catch (error) {
            // Overtaken by the next look, or the server is away: saving still works, and says what is wrong.
        }
    }
    function soon() { clearTimeout(waiting); waiting = setTimeout(look, 300); }

    form.addEventListener("input", soon);
    form.addEventListener("change", () => { fit(); soon(); });
    fit();
    look();
})();
